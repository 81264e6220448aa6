//! `null-syscall`: getppid, the floor of what a system call costs, and what a
//! monitor costs those who do nothing that it watches.

use std::io;
use std::ptr;

use hookbench_model::{Enforcement, Params};

use crate::mprotect_storm::ignore_refusal;
use crate::stopwatch::timed_syscall;
use crate::{Denial, Info, Operation, Timed, Workload};

/// See the module.
pub(crate) struct NullSyscall;

/// getppid on x86-64.
pub const NULL_CALL: u32 = 110;

/// More than one, so that a monitor that sees but its first event is found out.
pub(crate) const MPROTECTS: u64 = 2;

static INFO: Info = Info {
    name: "null-syscall",
    // getppid is no behaviour. So that a deaf monitor cannot pass for a cheap
    // one, the worker calls mprotect after its last sample.
    behaviour: "mprotect",
    others: false,
    calls: &[NULL_CALL],
    in_children: false,
    params: &[],
    samples: 200,
    warmup: 20,
    about: "getppid: the floor of a system call, and what a monitor costs the innocent",
};

impl Workload for NullSyscall {
    fn info(&self) -> &'static Info {
        &INFO
    }

    fn prepare(&self, _: &Params, _: Enforcement) -> io::Result<Box<dyn Operation>> {
        Ok(Box::new(Getppid))
    }

    fn events(&self, _: u64) -> u64 {
        MPROTECTS
    }

    fn denial(&self, _: &Params, _: Enforcement) -> Option<Denial> {
        None
    }
}

/// Makes the system call that does nothing, and says what it took, in the unit of the
/// time-stamp counter: what calibrates other clocks.
pub fn null_call() -> u64 {
    timed_syscall(libc::SYS_getppid, 0).0
}

struct Getppid;

/// A page of constants, which may be read and not written.
#[repr(C, align(4096))]
struct Witness([u8; PAGE]);

const PAGE: usize = 4096;
static WITNESS: Witness = Witness([0; PAGE]);

impl Operation for Getppid {
    fn run_once(&mut self) -> io::Result<Timed> {
        let (elapsed, _) = timed_syscall(libc::SYS_getppid, 0);
        Ok(Timed { elapsed, refused: None })
    }

    fn finish(&mut self) -> io::Result<()> {
        mprotects()
    }
}

/// What a workload does at its end that performs no behaviour itself.
pub(crate) fn mprotects() -> io::Result<()> {
    for _ in 0..MPROTECTS {
        // SAFETY: the page is of constants, and stays what it is: readable. To
        // ask for what is there already takes no page fault and splits no VMA,
        // and passes every hook.
        let asked =
            unsafe { libc::mprotect(ptr::from_ref(&WITNESS).cast_mut().cast(), PAGE, libc::PROT_READ) };
        if asked != 0 {
            ignore_refusal(Err(io::Error::last_os_error()))?;
        }
    }
    Ok(())
}
