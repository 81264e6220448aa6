//! The only way of `mprotect-storm`: mprotect, called by the worker, or by a child if a monitor kills the caller.
//! What the flips need of their page is in `page.rs`.

use std::ffi::c_int;
use std::io;

use hookbench_model::{Enforcement, Params, Refusal};

use super::page::{Page, SIZE, WRITABLE};
use crate::child::Child;
use crate::denial::{Denial, Untimed};
use crate::{Effect, Operation, Operations, Stopwatch, Timed, Way, WayFacts};

/// See the module.
pub(super) struct Mprotect;

impl Way for Mprotect {
    fn facts(&self) -> WayFacts {
        WayFacts { calls: &[libc::SYS_mprotect as u32], events: 2, ..WayFacts::new("mprotect") }
    }

    fn prepare(&self, params: &Params, enforcement: Enforcement) -> io::Result<Box<dyn Operation>> {
        let untimed = Untimed::under(enforcement);
        let flip = Flip { page: Page::map()?, to_read_only: to_read_only(params), untimed };
        if Denial::of_every_operation(enforcement).is_some_and(Denial::kills) {
            return Ok(Box::new(FlipByChild { flip, child: Child::new() }));
        }
        Ok(Box::new(flip))
    }

    /// A monitor that refuses the timed flip also refuses the one before it: the page stays as it was mapped.
    fn effect(&self, params: &Params, operations: Operations) -> Effect {
        match to_read_only(params) && operations.last_passed() {
            true => Effect::ReadOnly,
            false => Effect::Writable,
        }
    }
}

fn to_read_only(params: &Params) -> bool {
    params.get("to") == Some("r")
}

struct Flip {
    page: Page,
    to_read_only: bool,
    /// How the flips that are not timed may be refused.
    untimed: Untimed,
}

impl Operation for Flip {
    fn arm(&mut self) -> io::Result<()> {
        if !self.to_read_only {
            self.untimed.ignore(self.page.protect(libc::PROT_READ))?;
        }
        Ok(())
    }

    fn run_once(&mut self) -> io::Result<Timed> {
        let to = if self.to_read_only { libc::PROT_READ } else { WRITABLE };
        let stopwatch = Stopwatch::start();
        let result = self.page.protect(to);
        let elapsed = stopwatch.elapsed();
        Ok(Timed {
            elapsed,
            refused: result.err().and_then(|error| error.raw_os_error()).map(Refusal::Errno),
        })
    }

    fn settle(&mut self) -> io::Result<()> {
        if self.to_read_only {
            self.untimed.ignore(self.page.protect(WRITABLE))?;
        }
        self.page.touch();
        Ok(())
    }

    fn effect(&mut self) -> io::Result<Effect> {
        Ok(if self.page.touch_by_kernel()? { Effect::Writable } else { Effect::ReadOnly })
    }
}

/// The same flips, each made by a child that may be killed for it. It is not known here whether such a flip took
/// effect.
struct FlipByChild {
    flip: Flip,
    child: Child,
}

impl FlipByChild {
    fn protect(&mut self, protection: c_int) -> io::Result<Timed> {
        let address = self.flip.page.address as usize;
        self.child.call(libc::SYS_mprotect, [address, SIZE, protection as usize])
    }
}

impl Operation for FlipByChild {
    fn arm(&mut self) -> io::Result<()> {
        if !self.flip.to_read_only {
            self.protect(libc::PROT_READ)?;
        }
        Ok(())
    }

    fn run_once(&mut self) -> io::Result<Timed> {
        self.protect(if self.flip.to_read_only { libc::PROT_READ } else { WRITABLE })
    }

    fn settle(&mut self) -> io::Result<()> {
        if self.flip.to_read_only {
            self.protect(WRITABLE)?;
        }
        self.flip.page.touch_by_kernel().map(drop)
    }

    fn effect(&mut self) -> io::Result<Effect> {
        self.flip.effect()
    }
}
