//! How a run is stopped: by SIGINT, SIGTERM or SIGHUP, or because its results
//! can no longer be written. The first signal ends what is at work in good
//! order; the second ends the process as it stands.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};

use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::low_level;

/// Whether a run is to stop; clones are of the same run.
#[derive(Debug, Clone, Default)]
pub struct Stop {
    asked: Arc<AtomicBool>,
    signal: Arc<AtomicI32>,
}

impl Stop {
    /// One that the process's signals ask for, as far as whoever started it did
    /// not choose to have them ignored, as `nohup` does.
    ///
    /// # Errors
    /// When the system refuses.
    pub fn on_signals() -> io::Result<Stop> {
        let stop = Stop::default();
        for signal in [SIGINT, SIGTERM, SIGHUP] {
            if is_ignored(signal) {
                continue;
            }
            let (asked, first) = (stop.asked.clone(), stop.signal.clone());
            let heard = move || {
                if first.compare_exchange(0, signal, Ordering::SeqCst, Ordering::SeqCst).is_err() {
                    // It does not return: QEMU dies with us, the folder is swept later.
                    let _ = low_level::emulate_default_handler(signal);
                }
                // Only now: who finds it asked for looks for the signal.
                asked.store(true, Ordering::SeqCst);
            };
            // SAFETY: what is done in the handler are stores and, at last, what
            // signal-hook allows there.
            unsafe { low_level::register(signal, heard) }?;
        }
        Ok(stop)
    }

    /// Asks for it.
    pub fn ask(&self) {
        self.asked.store(true, Ordering::SeqCst);
    }

    /// Whether it was asked for.
    pub fn is_asked(&self) -> bool {
        self.asked.load(Ordering::SeqCst)
    }

    /// What those look at who are to stop.
    pub fn flag(&self) -> &AtomicBool {
        &self.asked
    }

    /// The signal that asked for it.
    pub fn signal(&self) -> Option<i32> {
        Some(self.signal.load(Ordering::SeqCst)).filter(|&signal| signal != 0)
    }
}

/// Whether whoever started us wants `signal` to be ignored.
fn is_ignored(signal: i32) -> bool {
    // SAFETY: the structure is plain data, made zero; the call only fills it.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        libc::sigaction(signal, std::ptr::null(), &mut action) == 0 && action.sa_sigaction == libc::SIG_IGN
    }
}

/// A signal stopped the run: what the command's `main` ends with.
#[derive(Debug)]
pub struct Stopped {
    /// Which.
    pub signal: i32,
    /// What was kept, and how to go on.
    pub told: String,
}

impl Stopped {
    /// Ends the process by the signal, as a shell expects of whoever was interrupted:
    /// it sees 130, 143 or 129.
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
