//! The kernel's trace as a clock: the events `sys_enter` and `sys_exit`, stamped with the
//! counter that user space reads. They go to a separate tracefs instance, which leaves other
//! tracing on the machine alone. `kernel_text` reads the trace.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};

use super::attached::Error;
use super::{ledger, tracefs};
use crate::arch::TRACE_CLOCK;
use crate::kernel_text::{TracedCall, calls_in};
use crate::undo::Undo;

/// Bytes of the buffer that a system call needs at most: two events and their headers.
const BYTES_PER_CALL: usize = 256;
/// The smallest and the largest buffer for each CPU, in KiB.
const BUFFER_KIB: (usize, usize) = (1408, 64 * 1024);

/// An instance that waits for its worker.
pub struct TraceClock {
    folder: PathBuf,
}

impl TraceClock {
    /// Makes an instance that can hold `number` of the system calls `calls`.
    ///
    /// # Errors
    /// [`Error::Unsupported`] when this machine cannot, with the reason.
    pub fn prepare(calls: &[u32], number: usize) -> Result<TraceClock, Error> {
        let instances = tracefs::path("instances");
        if !instances.is_dir() {
            let why = format!(
                "{} is missing: tracefs is not mounted, or only root may read it",
                instances.display()
            );
            return Err(Error::Unsupported(why));
        }
        let folder = instances.join(format!("hookbench-clock-{}", std::process::id()));
        ledger::intend(|| Undo::Instance(folder.clone()))?;
        match fs::create_dir(&folder) {
            Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
                return Err(Error::Unsupported(format!("{}: {error}", folder.display())));
            }
            result => result.with_context(|| format!("failed to make {}", folder.display()))?,
        }
        let clock = TraceClock { folder };
        clock.set_up(calls, number)?;
        Ok(clock)
    }

    fn set_up(&self, calls: &[u32], number: usize) -> Result<(), Error> {
        let clocks = fs::read_to_string(self.folder.join("trace_clock"))?;
        if !clocks.split_whitespace().any(|clock| clock.trim_matches(['[', ']']) == TRACE_CLOCK) {
            return Err(Error::Unsupported(format!("this kernel has no trace_clock {TRACE_CLOCK}")));
        }
        self.write("trace_clock", TRACE_CLOCK)?;
        let kib = (number * BYTES_PER_CALL / 1024).clamp(BUFFER_KIB.0, BUFFER_KIB.1);
        self.write("buffer_size_kb", &kib.to_string())?;
        let filter: Vec<String> = calls.iter().map(|call| format!("id == {call}")).collect();
        for event in ["sys_enter", "sys_exit"] {
            self.write(&format!("events/raw_syscalls/{event}/filter"), &filter.join(" || "))?;
        }
        // Children of the worker make some of the calls.
        self.write("options/event-fork", "1")?;
        Ok(())
    }

    fn write(&self, file: &str, text: &str) -> Result<()> {
        let path = self.folder.join(file);
        fs::write(&path, text).with_context(|| format!("failed to write {text:?} to {}", path.display()))
    }

    /// Traces the calling process and all processes that it starts from now on.
    ///
    /// # Errors
    /// When the kernel refuses.
    pub fn begin(&self) -> Result<()> {
        // Before the events: without a process in this file, they come from all processes.
        self.write("set_event_pid", &std::process::id().to_string())?;
        for event in ["sys_enter", "sys_exit"] {
            self.write(&format!("events/raw_syscalls/{event}/enable"), "1")?;
        }
        Ok(())
    }

    /// The traced system calls, and how many events were lost: overwritten, or left without
    /// their partner.
    ///
    /// # Errors
    /// When the trace cannot be read.
    pub fn calls(&self) -> Result<(Vec<TracedCall>, u64)> {
        for event in ["sys_enter", "sys_exit"] {
            self.write(&format!("events/raw_syscalls/{event}/enable"), "0")?;
        }
        let trace = fs::read(self.folder.join("trace")).context("failed to read the trace")?;
        let (calls, alone) = calls_in(&trace);
        Ok((calls, alone + tracefs::lost_below(&self.folder)?))
    }

    /// The instance's folder in tracefs.
    pub fn folder(&self) -> &Path {
        &self.folder
    }
}

impl Drop for TraceClock {
    fn drop(&mut self) {
        // A process that had it open may still be ending. If the folder stays after that,
        // the ledger lists it.
        for _ in 0..20 {
            match fs::remove_dir(&self.folder) {
                Err(error) if error.raw_os_error() == Some(libc::EBUSY) => {
                    std::thread::sleep(Duration::from_millis(10));
                }
                _ => return,
            }
        }
    }
}
