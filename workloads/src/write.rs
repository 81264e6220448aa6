//! `write`: lmbench's `lat_syscall write`. One operation writes one byte to `/dev/null`.

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;

use hookbench_model::{Enforcement, Params};

use crate::call::{Call, Calling};
use crate::unwatched::{self, Unwatched};
use crate::{Denial, Effect, Info, Operation, Operations, Way, WayFacts, Workload};

/// See the module.
pub(crate) struct Write;

static INFO: Info = Info {
    name: "write",
    behaviour: unwatched::BEHAVIOUR,
    params: &[],
    samples: 200,
    warmup: 20,
    about: "write one byte to /dev/null",
};

impl Workload for Write {
    fn info(&self) -> &Info {
        &INFO
    }

    fn ways(&self) -> &[&dyn Way] {
        &[&OneByte]
    }

    fn denial(&self, _: &Params, enforcement: Enforcement) -> Option<Denial> {
        Denial::of_unwatched(enforcement)
    }
}

struct OneByte;

impl Way for OneByte {
    fn facts(&self) -> WayFacts {
        WayFacts { calls: &[libc::SYS_write as u32], ..WayFacts::unwatched("write") }
    }

    fn prepare(&self, _: &Params, enforcement: Enforcement) -> io::Result<Box<dyn Operation>> {
        let writing = Writing { file: File::options().write(true).open("/dev/null")?, byte: Box::new(0) };
        Ok(Unwatched::new(Calling::new(writing), enforcement))
    }

    fn effect(&self, _: &Params, operations: Operations) -> Effect {
        Effect::Returned(operations.passed)
    }
}

struct Writing {
    file: File,
    byte: Box<u8>,
}

// SAFETY: the one byte that the kernel may read is in a box of its own.
unsafe impl Call for Writing {
    const NUMBER: libc::c_long = libc::SYS_write;

    fn arguments(&mut self) -> [i64; 6] {
        [self.file.as_raw_fd().into(), (&raw const *self.byte) as i64, 1, 0, 0, 0]
    }

    fn worked(&mut self, result: i64) -> io::Result<bool> {
        Ok(result == 1)
    }
}
