//! The cell's budget of the guest's own time. When it is used up, the agent says so and ends the machine,
//! whatever else is going on. A hang ends at the same instruction on every machine. Only a kernel that no longer
//! takes interrupts is left to hookbench and its clock. A part of the budget is a tick, which interrupts the
//! agent's system calls: whoever waits for the worker can look whether it gets on.

use std::io;
use std::ptr;
use std::sync::atomic::{AtomicPtr, AtomicU64, Ordering};
use std::time::Duration;

use hookbench_model::protocol::AgentMessage;
use hookbench_model::{Failure, FailureKind};

use crate::channel::{self, Channel};

/// The last message, and where it goes. It is rendered before it is needed: a signal handler cannot. Null if nothing was
/// started.
static LAST: AtomicPtr<(Channel, Vec<u8>)> = AtomicPtr::new(ptr::null_mut());

/// The time between two ticks. Each costs an operation an interrupt, so there are few.
pub(super) const TICK: Duration = Duration::from_secs(1);

/// The time by the kernel's monotonic clock, in nanoseconds, at which the budget is used up. Ticks are not counted: while
/// they are blocked, several become one.
static END: AtomicU64 = AtomicU64::new(0);

/// Starts to count, from now on, for what is named by `what`. The caller has to be a task that no other keeps from
/// running.
///
/// # Errors
/// When the kernel refuses the timer.
pub(crate) fn start(what: &str, budget: Duration, channel: Channel) -> io::Result<()> {
    let failure = Failure {
        kind: FailureKind::Timeout,
        message: format!("{what} did not end within {} s of the guest's time", budget.as_secs()),
        console: Vec::new(),
    };
    let last = Box::new((channel, channel::line(&AgentMessage::Failed(failure))));
    // A signal handler may be reading the message before this one: that one stays.
    LAST.store(Box::leak(last), Ordering::SeqCst);
    // The last tick is at the end, or just behind it.
    END.store(now().saturating_add(budget.as_nanos() as u64), Ordering::SeqCst);
    let tick = TICK.min(budget);
    let time = libc::timeval { tv_sec: tick.as_secs() as i64, tv_usec: tick.subsec_micros().into() };
    let ticks = libc::itimerval { it_interval: time, it_value: time };
    // SAFETY: the action is plain data, made zero and filled; its handler makes system calls and uses ports,
    // and takes no lock. `ticks` outlives the call.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = on_tick as *const () as usize;
        if libc::sigaction(libc::SIGALRM, &action, ptr::null_mut()) != 0
            || libc::setitimer(libc::ITIMER_REAL, &ticks, ptr::null_mut()) != 0
        {
            return Err(io::Error::last_os_error());
        }
    }
    Ok(())
}

/// The kernel's monotonic clock, in nanoseconds. A signal handler may call this.
fn now() -> u64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` is valid to write to.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &mut time) };
    time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64
}

extern "C" fn on_tick(_: libc::c_int) {
    if now() < END.load(Ordering::SeqCst) {
        return;
    }
    // SAFETY: what was stored is never freed.
    if let Some((channel, message)) = unsafe { LAST.load(Ordering::SeqCst).as_ref() } {
        channel.write(message);
        channel.end();
    }
}
