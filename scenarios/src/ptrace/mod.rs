//! The memory of another process of the same user is changed.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt;
use std::sync::atomic::{AtomicI32, AtomicUsize, Ordering};

use crate::process::{Owner, spawn};
use crate::scenario::{Call, Scenario, Way};
use crate::scene::{Scene, Shared};
use crate::sys::{check, low_copy};

mod attach;
mod int80_ioperm;
mod int80_ptrace;
mod int80_vm_writev;
mod own_memory;
mod proc_mem;
mod seize;
mod status;
mod traceme;
mod uring_proc_mem;
mod vm_writev;

/// What the word of the other process becomes.
const WORD: u64 = 0x4242;

/// See the module. Calls that open and write files are not in the list, though they can do it by /proc/PID/mem.
pub(crate) static SCENARIO: Scenario = Scenario {
    ways: WAYS,
    textbook: &[Call::native("ptrace", libc::SYS_ptrace)],
    complete: &[
        Call::native("ptrace", libc::SYS_ptrace),
        Call::native("process_vm_writev", libc::SYS_process_vm_writev),
        Call::compat("ptrace", 26),
        Call::compat("process_vm_writev", 348),
    ],
    spares_root: true,
    set_up,
    reset: |_| renew_victim(),
    ..Scenario::named(
        "ptrace",
        "an ordinary user changes the memory of another process of his",
        "a word in the memory of the other process is 0x4242",
        has_effect,
    )
};

const WAYS: &[&Way] = &[
    &attach::WAY,
    &seize::WAY,
    &vm_writev::WAY,
    &proc_mem::WAY,
    &uring_proc_mem::WAY,
    &traceme::WAY,
    &int80_ptrace::WAY,
    &int80_vm_writev::WAY,
    &status::WAY,
    &own_memory::WAY,
    &int80_ioperm::WAY,
];

static VICTIM: AtomicI32 = AtomicI32::new(0);
static ADDRESS: AtomicUsize = AtomicUsize::new(0);

fn set_up(_: &Scene) -> io::Result<()> {
    ADDRESS.store(low_copy(&[0; 8])? as usize, Ordering::SeqCst);
    Ok(())
}

/// The process whose word is to be changed.
fn victim() -> libc::pid_t {
    VICTIM.load(Ordering::SeqCst)
}

/// Where the word is in its memory: below 4 GiB.
fn address() -> usize {
    ADDRESS.load(Ordering::SeqCst)
}

/// Ends the victim and starts another one.
fn renew_victim() -> io::Result<()> {
    let old = victim();
    if old != 0 {
        // SAFETY: a child of the runner's.
        unsafe {
            check(libc::kill(old, libc::SIGKILL))?;
            check(libc::waitpid(old, std::ptr::null_mut(), 0))?;
        }
    }
    VICTIM.store(spawn(Owner::User, || Ok(()), drop)?, Ordering::SeqCst);
    Ok(())
}

fn has_effect(_: &Scene, _: &Shared) -> io::Result<bool> {
    let mut word = [0; 8];
    File::open(format!("/proc/{}/mem", victim()))?.read_exact_at(&mut word, address() as u64)?;
    Ok(u64::from_ne_bytes(word) == WORD)
}

/// Whether an allowed neighbour came through: it says so itself.
fn worked(_: &Scene, shared: &Shared) -> io::Result<bool> {
    Ok(shared.values[0].load(Ordering::SeqCst) == 1)
}

/// `ptrace` with the kernel's own arguments.
fn ptrace(request: libc::c_uint, process: libc::pid_t, address: usize, data: u64) -> io::Result<()> {
    // SAFETY: the requests of this scenario do not write to the caller's memory.
    crate::sys::check_long(unsafe { libc::syscall(libc::SYS_ptrace, request, process, address, data) })
        .map(drop)
}

/// Waits until a traced process stops.
fn wait_for_stop(process: libc::pid_t) -> io::Result<()> {
    // SAFETY: no status is asked for.
    check(unsafe { libc::waitpid(process, std::ptr::null_mut(), libc::__WALL) }).map(drop)
}
