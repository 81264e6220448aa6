//! Interrupts a run: on SIGINT, SIGTERM or SIGHUP, or when its results can no longer be
//! written. The first signal ends the running cells in an orderly way; the second ends
//! the process at once.

use std::fmt;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};

use procfs::process::Process;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::low_level;

/// A request to interrupt a run. Clones share the request.
#[derive(Debug, Clone, Default)]
pub struct Interrupt {
    requested: Arc<AtomicBool>,
    signal: Arc<AtomicI32>,
}

impl Interrupt {
    /// An interrupt that the process's signals request. Signals that the parent process set to
    /// be ignored, as `nohup` does, stay ignored.
    ///
    /// # Errors
    /// When a signal handler cannot be installed.
    pub fn on_signals() -> io::Result<Interrupt> {
        let interrupt = Interrupt::default();
        let ignored = ignored_signals();
        for signal in [SIGINT, SIGTERM, SIGHUP] {
            if ignored & bit(signal) != 0 {
                continue;
            }
            let (requested, first) = (interrupt.requested.clone(), interrupt.signal.clone());
            let heard = move || {
                if first.compare_exchange(0, signal, Ordering::SeqCst, Ordering::SeqCst).is_err() {
                    // This does not return. QEMU dies with this process; a later run
                    // removes its folder.
                    let _ = low_level::emulate_default_handler(signal);
                }
                // Set this last: the reader of `requested` reads `signal` next.
                requested.store(true, Ordering::SeqCst);
            };
            // SAFETY: the handler only stores to atomics and calls a function that
            // signal-hook documents as safe in handlers.
            unsafe { low_level::register(signal, heard) }?;
        }
        Ok(interrupt)
    }

    /// Requests the interrupt.
    pub fn request(&self) {
        self.requested.store(true, Ordering::SeqCst);
    }

    /// Whether the interrupt was requested.
    pub fn is_requested(&self) -> bool {
        self.requested.load(Ordering::SeqCst)
    }

    /// The flag that running cells poll.
    pub fn flag(&self) -> &AtomicBool {
        &self.requested
    }

    /// The signal that requested the interrupt; `None` if no signal did.
    pub fn signal(&self) -> Option<i32> {
        Some(self.signal.load(Ordering::SeqCst)).filter(|&signal| signal != 0)
    }
}

/// The signals that the parent process set to be ignored, as a mask.
fn ignored_signals() -> u64 {
    let status = Process::myself().and_then(|process| process.status());
    // Without /proc, signals end the run even under `nohup`.
    status.map_or(0, |status| status.sigign)
}

/// The bit of `signal` in a mask.
fn bit(signal: i32) -> u64 {
    1 << (signal - 1)
}

/// The error when a signal interrupted the run. `main` ends the process by that signal.
#[derive(Debug)]
pub struct Interrupted {
    /// The number of the signal.
    pub signal: i32,
    /// What hookbench kept, and how to resume.
    pub message: String,
}

impl Interrupted {
    /// Ends the process by the signal, as a shell expects of an interrupted command: the
    /// shell sees 130, 143 or 129.
    pub fn die(&self) -> ! {
        let _ = low_level::emulate_default_handler(self.signal);
        std::process::exit(128 + self.signal)
    }
}

impl fmt::Display for Interrupted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = low_level::signal_name(self.signal).unwrap_or("a signal");
        write!(f, "stopped by {name}; {}", self.message)
    }
}

impl std::error::Error for Interrupted {}
