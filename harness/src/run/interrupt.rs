//! Stops a run: on SIGINT, SIGTERM or SIGHUP, or when its results can no longer be
//! written. The first signal ends the running cells in an orderly way; the second ends
//! the process at once.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::low_level;

/// A request to stop a run. Clones share the request.
#[derive(Debug, Clone, Default)]
pub struct Stop {
    asked: Arc<AtomicBool>,
    signal: Arc<AtomicI32>,
}

impl Stop {
    /// A stop that the process's signals request. Signals that the parent process set to
    /// be ignored, as `nohup` does, stay ignored.
    ///
    /// # Errors
    /// When a signal handler cannot be installed.
    pub fn on_signals() -> io::Result<Stop> {
        let stop = Stop::default();
        for signal in [SIGINT, SIGTERM, SIGHUP] {
            if is_ignored(signal) {
                continue;
            }
            let (asked, first) = (stop.asked.clone(), stop.signal.clone());
            let heard = move || {
                if first.compare_exchange(0, signal, Ordering::SeqCst, Ordering::SeqCst).is_err() {
                    // This does not return. QEMU dies with this process; a later run
                    // removes its folder.
                    let _ = low_level::emulate_default_handler(signal);
                }
                // Set this last: the reader of `asked` reads `signal` next.
                asked.store(true, Ordering::SeqCst);
            };
            // SAFETY: the handler only stores to atomics and calls a function that
            // signal-hook documents as safe in handlers.
            unsafe { low_level::register(signal, heard) }?;
        }
        Ok(stop)
    }

    /// Requests the stop.
    pub fn ask(&self) {
        self.asked.store(true, Ordering::SeqCst);
    }

    /// Whether a stop was requested.
    pub fn is_asked(&self) -> bool {
        self.asked.load(Ordering::SeqCst)
    }

    /// The flag that running cells poll.
    pub fn flag(&self) -> &AtomicBool {
        &self.asked
    }

    /// The signal that requested the stop; `None` if no signal did.
    pub fn signal(&self) -> Option<i32> {
        Some(self.signal.load(Ordering::SeqCst)).filter(|&signal| signal != 0)
    }
}

/// Whether the parent process set `signal` to be ignored.
fn is_ignored(signal: i32) -> bool {
    // SAFETY: the structure is plain data, for which zero is valid; the call only fills it.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        libc::sigaction(signal, std::ptr::null(), &mut action) == 0 && action.sa_sigaction == libc::SIG_IGN
    }
}

/// The error when a signal stopped the run. `main` ends the process by that signal.
#[derive(Debug)]
pub struct Stopped {
    /// The number of the signal.
    pub signal: i32,
    /// What hookbench kept, and how to resume.
    pub told: String,
}

impl Stopped {
    /// Ends the process by the signal, as a shell expects of an interrupted command: the
    /// shell sees 130, 143 or 129.
    pub fn die(&self) -> ! {
        let _ = low_level::emulate_default_handler(self.signal);
        std::process::exit(128 + self.signal)
    }
}

impl fmt::Display for Stopped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = low_level::signal_name(self.signal).unwrap_or("a signal");
        write!(f, "stopped by {name}; {}", self.told)
    }
}

impl std::error::Error for Stopped {}
