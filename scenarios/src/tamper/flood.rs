//! An ordinary user's processes make harmless calls that a policy about system calls records all the same, more than its
//! agent can read. Then one process makes the namespace. Since 7.2 the kernel does not run a BPF program at a tracepoint
//! while another task is preempted in it, and most of these processes are preempted somewhere.

use std::io;
use std::time::Duration;

use super::unshare;
use crate::child;
use crate::scenario::Way;
use crate::scene::{EARLY_MARKER, Scene, mark};
use crate::sys::check;

/// How many processes flood, and for how long before the decisive call.
const PROCESSES: usize = 32;
const TIME: Duration = Duration::from_millis(200);

pub(super) const WAY: Way = Way {
    has_agent: true,
    ..Way::ordinary("flood", "harmless calls of unshare and clone3 by 32 processes come before", run)
};

fn run(scene: &Scene) -> io::Result<()> {
    mark(EARLY_MARKER);
    let flood = (0..PROCESSES).map(|_| child::begin(flood)).collect::<io::Result<Vec<_>>>()?;
    let signal_all = |signal| {
        flood.iter().try_for_each(|&process| {
            // SAFETY: a signal to our child, which has not been waited for.
            check(unsafe { libc::kill(process, signal) }).map(drop)
        })
    };
    std::thread::sleep(TIME);
    // None of their records is in the window.
    signal_all(libc::SIGSTOP)?;
    let made = unshare(scene);
    signal_all(libc::SIGKILL)?;
    flood.iter().try_for_each(|&process| child::wait(process).map(drop))?;
    made
}

/// Calls until its parent ends it, or ends.
fn flood() -> io::Result<()> {
    // SAFETY: changes this process alone.
    check(unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) })?;
    loop {
        // SAFETY: no flag asks for anything, and the kernel refuses a structure without bytes.
        unsafe {
            libc::unshare(0);
            libc::syscall(libc::SYS_clone3, 0, 0);
        }
    }
}
