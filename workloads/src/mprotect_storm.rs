//! `mprotect-storm`: one page flipped between read-only and writable. The two
//! directions cost differently, so each is a cell of its own: the other flip
//! is made untimed.

use std::ffi::{c_int, c_void};
use std::io;
use std::ptr;

use hookbench_model::{DenyScope, Enforcement, Params, Refusal};

use crate::doomed::{Child, TIMED_OTHERWISE};
use crate::{Denial, Info, Operation, ParamInfo, Stopwatch, Timed, Values, Workload};

/// See the module.
pub(crate) struct MprotectStorm;

static INFO: Info = Info {
    name: "mprotect-storm",
    behaviour: "mprotect",
    others: false,
    calls: &[10],
    in_children: false,
    params: &[ParamInfo {
        name: "to",
        values: Values::Words(&["r", "rw"]),
        usual: &["r", "rw"],
        about: "the direction that is timed; the other is made untimed",
    }],
    samples: 100,
    warmup: 20,
    about: "mprotect of one page, read-only and writable again",
};

/// Flips that the denying policy lets pass: `DENY_AFTER` in deny.bpf.h.
const ALLOWED_CALLS: u32 = 100;

impl Workload for MprotectStorm {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn prepare(&self, params: &Params, enforcement: Enforcement) -> io::Result<Box<dyn Operation>> {
        let flip = Flip { page: Page::map()?, to_read_only: params.get("to") == Some("r") };
        if enforcement == Enforcement::Kills {
            return Ok(Box::new(FlipByAnother { flip, child: Child::new() }));
        }
        Ok(Box::new(flip))
    }

    fn events(&self, operations: u64) -> u64 {
        2 * operations
    }

    fn denial(&self, _: &Params, enforcement: Enforcement) -> Option<Denial> {
        let all = Denial::of_each(enforcement)?;
        let after_operations =
            if enforcement == Enforcement::Denies(DenyScope::Everyone) { 0 } else { ALLOWED_CALLS / 2 };
        Some(Denial { after_operations, ..all })
    }

    fn timed_otherwise(&self, denial: Denial) -> Option<&'static str> {
        denial.kills().then_some(TIMED_OTHERWISE)
    }
}

struct Flip {
    page: Page,
    to_read_only: bool,
}

impl Operation for Flip {
    fn arm(&mut self) -> io::Result<()> {
        if !self.to_read_only {
            ignore_refusal(self.page.protect(libc::PROT_READ))?;
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
            ignore_refusal(self.page.protect(WRITABLE))?;
        }
        self.page.touch();
        Ok(())
    }
}

/// The same flips, each made by a child that may be killed for it. Whether a flip
/// then took effect is not known here.
struct FlipByAnother {
    flip: Flip,
    child: Child,
}

impl FlipByAnother {
    fn protect(&mut self, protection: c_int) -> io::Result<Timed> {
        let address = self.flip.page.address as usize;
        self.child.call(libc::SYS_mprotect, [address, SIZE, protection as usize])
    }
}

impl Operation for FlipByAnother {
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
        self.flip.page.touch_if_writable()
    }
}

/// An untimed flip may be refused as a timed one may; what counts is the timed one.
pub(crate) fn ignore_refusal(result: io::Result<()>) -> io::Result<()> {
    match result {
        Err(error) if error.raw_os_error() == Some(libc::EPERM) => Ok(()),
        other => other,
    }
}

/// One writable page between two that nothing may touch, so that its VMA never
/// merges with a neighbour and the n-th flip does what the first did.
struct Page {
    address: *mut u8,
    writable: bool,
}

const SIZE: usize = 4096;
const WRITABLE: c_int = libc::PROT_READ | libc::PROT_WRITE;

impl Page {
    fn map() -> io::Result<Self> {
        // SAFETY: an anonymous mapping where the kernel likes; 3 pages long.
        let address = unsafe {
            let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
            let start = libc::mmap(ptr::null_mut(), 3 * SIZE, libc::PROT_NONE, flags, -1, 0);
            if start == libc::MAP_FAILED {
                return Err(io::Error::last_os_error());
            }
            // The middle page is mapped writable, not made so: mapping it raises
            // no mprotect event.
            let middle = start.cast::<u8>().add(SIZE).cast::<c_void>();
            libc::mmap(middle, SIZE, WRITABLE, flags | libc::MAP_FIXED, -1, 0)
        };
        if address == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        let mut page = Self { address: address.cast(), writable: true };
        page.touch();
        Ok(page)
    }

    #[inline]
    fn protect(&mut self, protection: c_int) -> io::Result<()> {
        // SAFETY: the page is ours, and nothing but `touch` uses it.
        if unsafe { libc::mprotect(self.address.cast(), SIZE, protection) } != 0 {
            return Err(io::Error::last_os_error());
        }
        self.writable = protection & libc::PROT_WRITE != 0;
        Ok(())
    }

    /// Writes to the page, if that is allowed: the next flip then finds a dirty
    /// page, as every one before it did.
    fn touch(&mut self) {
        if self.writable {
            // SAFETY: the page is mapped and writable.
            unsafe { ptr::write_volatile(self.address, 1) };
        }
    }

    /// The same where it is not known whether it is allowed: the kernel writes, and
    /// says EFAULT where a write of ours would be the end.
    fn touch_if_writable(&mut self) -> io::Result<()> {
        // SAFETY: the page is ours and longer than a timespec; the C library's
        // wrapper would write by itself.
        let result = unsafe { libc::syscall(libc::SYS_clock_gettime, libc::CLOCK_MONOTONIC, self.address) };
        if result == 0 {
            return Ok(());
        }
        match io::Error::last_os_error() {
            error if error.raw_os_error() == Some(libc::EFAULT) => Ok(()),
            error => Err(error),
        }
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        // SAFETY: unmaps what `map` mapped, neighbours included.
        unsafe { libc::munmap(self.address.sub(SIZE).cast(), 3 * SIZE) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_directions_can_be_made_again_and_again() {
        let all = ["to=r", "to=rw"]
            .into_iter()
            .flat_map(|to| [(to, Enforcement::Observes), (to, Enforcement::Kills)]);
        for (to, enforcement) in all {
            let mut flip = MprotectStorm.prepare(&to.parse().unwrap(), enforcement).unwrap();
            for _ in 0..3 {
                flip.arm().unwrap();
                let timed = flip.run_once().unwrap();
                flip.settle().unwrap();
                assert_eq!(timed.refused, None);
                assert!(timed.elapsed > 0);
            }
        }
    }
}
