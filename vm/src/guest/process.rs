//! A QEMU process. QEMU ends when the process value is dropped, and when
//! hookbench dies.

use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::mpsc::{self, Sender};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::{FdFlags, fcntl_setfd};
use rustix::process::{
    Pid, PidfdFlags, Signal, getpid, getppid, pidfd_open, set_parent_process_death_signal,
};

use super::ending::Error;
use super::pinning::PinnedCpu;
use crate::machine::Qemu;

/// How often hookbench looks at a QEMU on a kernel that cannot report its end.
const POLL_INTERVAL: Duration = Duration::from_millis(5);

/// A running QEMU.
pub(super) struct Process {
    pub(super) qemu: Child,
    /// The thread that started QEMU, which ends when this is dropped; `None` if that was the caller's own.
    _starter: Option<Sender<()>>,
    /// Readable when QEMU has ended; `None` on kernels before 5.3.
    pidfd: Option<OwnedFd>,
    /// The CPU counts as used while QEMU runs.
    _pinned: Option<Arc<PinnedCpu>>,
}

/// Where QEMU's standard streams go, and what it inherits.
pub(super) struct Streams {
    pub(super) input: Stdio,
    pub(super) output: Stdio,
    pub(super) error: File,
    /// What QEMU finds open under the same number: the device state of a snapshot, or
    /// the socket of a fork server.
    pub(super) inherited: Option<OwnedFd>,
}

/// Starts `command` on a thread that lives until what is returned with it is dropped. The kernel ends QEMU with the
/// thread that started it, and a caller's thread may end before a QEMU that serves others.
fn start_on_thread(mut command: Command) -> io::Result<(Child, Sender<()>)> {
    let (tell, hear) = mpsc::channel();
    let (keep, kept) = mpsc::channel::<()>();
    std::thread::Builder::new().name("qemu".into()).spawn(move || {
        let _ = tell.send(command.spawn());
        drop(command);
        // Nobody sends anything: the wait ends when the sender is dropped.
        let _ = kept.recv();
    })?;
    let child = hear.recv().map_err(io::Error::other)??;
    Ok((child, keep))
}

impl Process {
    /// Starts `qemu` with these arguments, on `cpu` if that is given. It ends with the calling thread, unless it
    /// `outlives_caller`.
    ///
    /// # Errors
    /// [`Error::NoQemu`] when QEMU is not installed, [`Error::Qemu`] when it does
    /// not start.
    pub(super) fn start(
        qemu: &Qemu,
        arguments: &[OsString],
        streams: Streams,
        cpu: Option<PinnedCpu>,
        outlives_caller: bool,
    ) -> Result<Process, Error> {
        let Streams { input, output, error, inherited } = streams;
        let mut command = qemu.command();
        command.args(arguments).stdin(input).stdout(output).stderr(error);
        // Ctrl-C in a terminal reaches hookbench alone, which decides about the guests.
        command.process_group(0);
        let pinned = cpu.map(Arc::new);
        let (cpu, parent) = (pinned.clone(), getpid());
        // SAFETY: the closure makes only system calls, which are allowed after fork.
        unsafe {
            command.pre_exec(move || prepare(parent, inherited.as_ref(), cpu.as_deref()));
        }
        let started = match outlives_caller {
            true => start_on_thread(command).map(|(child, starter)| (child, Some(starter))),
            false => command.spawn().map(|child| (child, None)),
        };
        match started {
            Ok((child, starter)) => {
                let pidfd = pidfd_open(Pid::from_child(&child), PidfdFlags::empty()).ok();
                Ok(Process { pidfd, qemu: child, _starter: starter, _pinned: pinned })
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Err(Error::NoQemu { program: qemu.program().into() })
            }
            Err(error) => Err(Error::qemu(error)),
        }
    }

    /// The same process, whose CPU no longer counts as used: it only waits.
    pub(super) fn unpinned(mut self) -> Process {
        self._pinned = None;
        self
    }

    /// Waits for QEMU's end, no longer than `timeout`.
    pub(super) fn wait(&mut self, timeout: Duration) -> io::Result<Option<ExitStatus>> {
        match &self.pidfd {
            Some(pidfd) => {
                let timeout = Timespec::try_from(timeout).ok();
                // An interruption by a signal only ends the wait.
                let _ = poll(&mut [PollFd::new(pidfd, PollFlags::IN)], timeout.as_ref());
            }
            None => std::thread::sleep(timeout.min(POLL_INTERVAL)),
        }
        self.qemu.try_wait()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Both fail only if QEMU has ended already.
        let _ = self.qemu.kill();
        let _ = self.qemu.wait();
    }
}

/// Prepares the new process before it becomes QEMU. Makes only system calls.
fn prepare(parent: Pid, inherited: Option<&OwnedFd>, cpu: Option<&PinnedCpu>) -> io::Result<()> {
    set_parent_process_death_signal(Some(Signal::KILL))?;
    // A parent that died before that call sends no signal.
    if getppid() != Some(parent) {
        return Err(io::ErrorKind::NotConnected.into());
    }
    if let Some(file) = inherited {
        fcntl_setfd(file, FdFlags::empty())?;
        become_batch_job();
    }
    cpu.map_or(Ok(()), PinnedCpu::pin_caller)
}

/// Makes the calling process a batch job. The threads of a QEMU that resumes from
/// a snapshot or serves copies then do not interrupt each other at every event. A QEMU that boots
/// a guest for a snapshot stays as it is: as a batch job its clock could run on for longer before
/// QEMU notices that the guest stopped. If the kernel refuses, QEMU is only slower.
fn become_batch_job() {
    let param = libc::sched_param { sched_priority: 0 };
    // SAFETY: the call reads one structure that outlives it. (rustix has no such call.)
    unsafe { libc::sched_setscheduler(0, libc::SCHED_BATCH, &param) };
}
