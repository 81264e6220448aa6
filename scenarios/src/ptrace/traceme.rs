//! `ptrace(PTRACE_TRACEME)`: the other process, a child, asks for it.

use std::io;
use std::sync::atomic::Ordering;

use super::{WORD, address, ptrace, wait_for_stop};
use crate::scenario::Way;
use crate::scene::{Scene, Shared};
use crate::sys::check;

pub(super) const WAY: Way = Way {
    has_effect: Some(has_effect),
    ..Way::ordinary("traceme", "ptrace: TRACEME in a child, then POKEDATA by the parent", run)
};

fn run(scene: &Scene) -> io::Result<()> {
    // SAFETY: this process has one thread, so the child may do anything.
    let child = check(unsafe { libc::fork() })?;
    if child == 0 {
        be_traced(scene);
    }
    wait_for_stop(child)?;
    // The child may not be traced: it said why, and has ended.
    match scene.shared.values[1].load(Ordering::SeqCst) {
        0 => {}
        errno => return Err(io::Error::from_raw_os_error(errno as i32)),
    }
    ptrace(libc::PTRACE_POKEDATA, child, address(), WORD)?;
    ptrace(libc::PTRACE_CONT, child, 0, 0)?;
    wait_for_stop(child)
}

/// Asks the parent to trace, stops, and says what the word is then.
fn be_traced(scene: &Scene) -> ! {
    match scene.window(|| ptrace(libc::PTRACE_TRACEME, 0, 0, 0)) {
        Ok(()) => {
            // SAFETY: stops this process; the word is in memory of ours.
            let word = unsafe {
                libc::raise(libc::SIGSTOP);
                (address() as *const u64).read_volatile()
            };
            scene.shared.values[0].store(word, Ordering::SeqCst);
        }
        Err(error) => {
            scene.shared.values[1].store(error.raw_os_error().unwrap_or(0) as u64, Ordering::SeqCst)
        }
    }
    // SAFETY: leaves without running what the parent has to run.
    unsafe { libc::_exit(0) }
}

fn has_effect(_: &Scene, shared: &Shared) -> io::Result<bool> {
    Ok(shared.values[0].load(Ordering::SeqCst) == WORD)
}
