//! `fstat`: lmbench's `lat_syscall fstat`. One operation is fstat of an open file.

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;

use hookbench_model::{Enforcement, Params};

use crate::call::{Call, Calling};
use crate::folder::Folder;
use crate::stat::Answer;
use crate::unwatched::{self, Unwatched};
use crate::{Denial, Effect, Info, Operation, Operations, Way, WayFacts, Workload};

/// See the module.
pub(crate) struct Fstat;

static INFO: Info = Info {
    name: "fstat",
    behaviour: unwatched::BEHAVIOUR,
    params: &[],
    samples: 200,
    warmup: 20,
    about: "fstat of an open file",
};

impl Workload for Fstat {
    fn info(&self) -> &Info {
        &INFO
    }

    fn ways(&self) -> &[&dyn Way] {
        &[&ByDescriptor]
    }

    fn denial(&self, _: &Params, enforcement: Enforcement) -> Option<Denial> {
        Denial::of_unwatched(enforcement)
    }
}

struct ByDescriptor;

impl Way for ByDescriptor {
    fn facts(&self) -> WayFacts {
        WayFacts { calls: &[libc::SYS_fstat as u32], ..WayFacts::unwatched("fstat") }
    }

    fn prepare(&self, _: &Params, enforcement: Enforcement) -> io::Result<Box<dyn Operation>> {
        let mut folder = Folder::make()?;
        let file = File::open(folder.file("f")?)?;
        let looking = Looking { answer: Answer::about(file.metadata()?), file, _folder: folder };
        Ok(Unwatched::new(Calling::new(looking), enforcement))
    }

    fn effect(&self, _: &Params, operations: Operations) -> Effect {
        Effect::Returned(operations.passed)
    }
}

struct Looking {
    file: File,
    answer: Answer,
    _folder: Folder,
}

// SAFETY: the answer has its own memory.
unsafe impl Call for Looking {
    const NUMBER: libc::c_long = libc::SYS_fstat;

    fn arguments(&mut self) -> [i64; 6] {
        [self.file.as_raw_fd().into(), self.answer.place(), 0, 0, 0, 0]
    }

    fn worked(&mut self, result: i64) -> io::Result<bool> {
        Ok(result == 0 && self.answer.is_right())
    }
}
