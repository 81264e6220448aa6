//! The cell's budget of the guest's own time: when it is used up, the agent
//! says so and ends the machine, whatever else is going on. A hang ends at the
//! same instruction on every machine; only a kernel that no longer takes
//! interrupts is left to the harness and its clock.

use std::io;
use std::ptr;
use std::sync::OnceLock;
use std::time::Duration;

use hookbench_model::protocol::AgentMessage;
use hookbench_model::{Failure, FailureKind};

use crate::ports;

/// The last message, rendered before it is needed: a signal handler cannot.
static MESSAGE: OnceLock<Vec<u8>> = OnceLock::new();

/// Starts to count. The caller has to be a task that others cannot keep from
/// running.
pub(crate) fn start(budget: Duration) -> io::Result<()> {
    let failure = Failure {
        kind: FailureKind::Timeout,
        message: format!("the cell did not end within {} s of the guest's time", budget.as_secs()),
        console: Vec::new(),
    };
    MESSAGE.get_or_init(|| crate::line(&AgentMessage::Failed(failure)));
    let time = libc::timeval { tv_sec: budget.as_secs() as i64, tv_usec: budget.subsec_micros().into() };
    let once = libc::itimerval { it_interval: libc::timeval { tv_sec: 0, tv_usec: 0 }, it_value: time };
    // SAFETY: the action is plain data, made zero and filled; its handler makes
    // system calls and uses ports, and no lock. `once` outlives the call.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = used_up as *const () as usize;
        if libc::sigaction(libc::SIGALRM, &action, ptr::null_mut()) != 0
            || libc::setitimer(libc::ITIMER_REAL, &once, ptr::null_mut()) != 0
        {
            return Err(io::Error::last_os_error());
        }
    }
    Ok(())
}

extern "C" fn used_up(_: libc::c_int) {
    ports::say(MESSAGE.get().map_or(&[], Vec::as_slice));
    ports::end();
}
