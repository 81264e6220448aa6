//! `null-syscall`: getppid, the floor of what a system call costs, and what a
//! monitor costs those who do nothing that it watches.

use std::io;

use hookbench_results::Params;

use crate::mprotect_storm::Page;
use crate::stopwatch::timed_syscall;
use crate::{Denial, Info, Operation, Timed, Workload};

/// See the module.
pub(crate) struct NullSyscall;

static INFO: Info = Info {
    name: "null-syscall",
    // getppid is no behaviour. So that a deaf monitor cannot pass for a cheap
    // one, the worker flips a page after its last sample.
    behaviour: "mprotect",
    others: false,
    params: &[],
    samples: 200,
    warmup: 20,
    about: "getppid: the floor of a system call, and what a monitor costs the innocent",
};

impl Workload for NullSyscall {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn prepare(&self, _: &Params) -> io::Result<Box<dyn Operation>> {
        Ok(Box::new(Getppid { witness: Page::map()? }))
    }

    fn events(&self, _: u64) -> u64 {
        2
    }

    fn denial(&self, _: &Params) -> Option<Denial> {
        None
    }
}

struct Getppid {
    witness: Page,
}

impl Operation for Getppid {
    fn run_once(&mut self) -> io::Result<Timed> {
        let (elapsed, _) = timed_syscall(libc::SYS_getppid, 0);
        Ok(Timed { elapsed, refused: None })
    }

    fn finish(&mut self) -> io::Result<()> {
        self.witness.protect(libc::PROT_READ)?;
        self.witness.protect(libc::PROT_READ | libc::PROT_WRITE)
    }
}
