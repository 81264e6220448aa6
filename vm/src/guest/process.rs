//! A QEMU process: on a CPU of its own choice, gone when it is dropped and when
//! whoever started it dies.

use std::ffi::OsString;
use std::fs::File;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::Arc;
use std::time::Duration;

use crate::guest::Error;
use crate::guest::pinning::Place;
use crate::machine;

/// A QEMU that runs.
pub(crate) struct Process {
    pub(crate) qemu: Child,
    /// Readable when it has ended; `None` where the kernel is too old for it.
    ended: Option<OwnedFd>,
    /// Its CPU is taken as long as it runs.
    _place: Option<Arc<Place>>,
}

/// Where its standard streams go, and what it inherits.
pub(crate) struct Streams {
    pub(crate) input: Stdio,
    pub(crate) output: Stdio,
    pub(crate) error: File,
    /// A file that it finds open under the same number.
    pub(crate) inherits: Option<File>,
}

impl Process {
    /// Starts QEMU with these arguments, on the CPU `place` where that is given.
    pub(crate) fn start(
        arguments: &[OsString],
        streams: Streams,
        place: Option<Place>,
    ) -> Result<Process, Error> {
        let mut command = Command::new(machine::QEMU);
        command.args(arguments);
        command.stdin(streams.input).stdout(streams.output).stderr(streams.error);
        let place = place.map(Arc::new);
        let here = place.clone();
        let parent = std::process::id();
        let inherits = streams.inherits;
        // A terminal's Ctrl-C is for us alone: we say what becomes of the guests.
        command.process_group(0);
        // SAFETY: all calls are system calls and no more, as is allowed after fork.
        unsafe {
            command.pre_exec(move || {
                if libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) != 0 {
                    return Err(io::Error::last_os_error());
                }
                // Whoever died before that will not be heard of.
                if libc::getppid() as u32 != parent {
                    return Err(io::ErrorKind::NotConnected.into());
                }
                if let Some(file) = &inherits
                    && libc::fcntl(file.as_raw_fd(), libc::F_SETFD, 0) != 0
                {
                    return Err(io::Error::last_os_error());
                }
                // One that goes on from a snapshot is a batch job: its threads do not
                // interrupt each other at every event. One that boots is not, for
                // its clock may then run on for longer before QEMU notices that it
                // stopped. Where it is refused, it is only slower.
                if inherits.is_some() {
                    let param = libc::sched_param { sched_priority: 0 };
                    libc::sched_setscheduler(0, libc::SCHED_BATCH, &param);
                }
                here.as_ref().map_or(Ok(()), |place| place.move_here())
            });
        }
        match command.spawn() {
            Ok(qemu) => Ok(Process { ended: pidfd(&qemu), qemu, _place: place }),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Err(Error::NoQemu { program: machine::QEMU })
            }
            Err(error) => Err(Error::Qemu { message: error.to_string() }),
        }
    }

    /// Waits until it has ended, at most so long.
    pub(crate) fn wait(&mut self, longest: Duration) -> io::Result<Option<ExitStatus>> {
        let milliseconds = i32::try_from(longest.as_millis()).unwrap_or(i32::MAX);
        match &self.ended {
            Some(ended) => {
                let mut poll = libc::pollfd { fd: ended.as_raw_fd(), events: libc::POLLIN, revents: 0 };
                // SAFETY: one structure, ours to write. An interruption only ends the wait.
                unsafe { libc::poll(&mut poll, 1, milliseconds) };
            }
            None => std::thread::sleep(longest.min(Duration::from_millis(5))),
        }
        self.qemu.try_wait()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // A process that has ended already is what we want.
        let _ = self.qemu.kill();
        let _ = self.qemu.wait();
    }
}

/// Since Linux 5.3.
fn pidfd(child: &Child) -> Option<OwnedFd> {
    // SAFETY: the call takes two numbers; the descriptor it returns is new.
    unsafe {
        let descriptor = libc::syscall(libc::SYS_pidfd_open, child.id(), 0);
        (descriptor >= 0).then(|| OwnedFd::from_raw_fd(descriptor as i32))
    }
}
