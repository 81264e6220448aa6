//! `read`: lmbench's `lat_syscall read`. One operation reads one byte of `/dev/zero`.

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;

use hookbench_model::{Enforcement, Params};

use crate::call::{Call, Calling};
use crate::unwatched::{self, Unwatched};
use crate::{Denial, Effect, Info, Operation, Operations, Way, WayFacts, Workload};

/// See the module.
pub(crate) struct Read;

static INFO: Info = Info {
    name: "read",
    behaviour: unwatched::BEHAVIOUR,
    params: &[],
    samples: 200,
    warmup: 20,
    about: "read one byte of /dev/zero",
};

impl Workload for Read {
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
        WayFacts { calls: &[libc::SYS_read as u32], ..WayFacts::unwatched("read") }
    }

    fn prepare(&self, _: &Params, enforcement: Enforcement) -> io::Result<Box<dyn Operation>> {
        let reading = Reading { file: File::open("/dev/zero")?, byte: Box::new(0) };
        Ok(Unwatched::new(Calling::new(reading), enforcement))
    }

    fn effect(&self, _: &Params, operations: Operations) -> Effect {
        Effect::Returned(operations.passed)
    }
}

struct Reading {
    file: File,
    byte: Box<u8>,
}

// SAFETY: the one byte that the kernel writes is in a box of its own.
unsafe impl Call for Reading {
    const NUMBER: libc::c_long = libc::SYS_read;

    fn arguments(&mut self) -> [i64; 6] {
        *self.byte = 1;
        [self.file.as_raw_fd().into(), (&raw mut *self.byte) as i64, 1, 0, 0, 0]
    }

    fn worked(&mut self, result: i64) -> io::Result<bool> {
        // SAFETY: the byte is ours. It is volatile because the compiler has not seen the kernel write.
        let byte = unsafe { std::ptr::read_volatile(&raw const *self.byte) };
        Ok(result == 1 && byte == 0)
    }
}
