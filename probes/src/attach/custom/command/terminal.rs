//! The terminal of a command: a process that starts the command on a pseudo-terminal, keeps
//! what it writes, and adopts the processes that it leaves behind. Programs write each line at
//! once to a terminal; to a file they would keep pages of output back.

use std::ffi::c_int;
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsRawFd, OwnedFd};
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::ExitStatus;
use std::ptr;
use std::sync::atomic::{AtomicI32, AtomicU32, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, bail};

use super::output::Output;
use super::pty::{self, check, owned};
use super::start::{explain, spawn};
use super::text::{clean, last_lines};
use crate::attach::ReaderPriority;
use crate::attach::reader::map_shared;

/// What the process tells the agent.
#[repr(C)]
struct Shared {
    /// [`STARTING`], [`STARTED`], [`REFUSED`] or [`NO_TERMINAL`].
    state: AtomicU32,
    /// Why the command, or its terminal, did not start.
    errno: AtomicI32,
    /// The command's first process.
    first: AtomicI32,
    /// Its wait status, once `first_ended` is not 0.
    status: AtomicI32,
    first_ended: AtomicU32,
    /// Whether no process of the command is left.
    all_ended: AtomicU32,
    output: Output,
}

const STARTING: u32 = 0;
const STARTED: u32 = 1;
const REFUSED: u32 = 2;
const NO_TERMINAL: u32 = 3;

/// A running terminal with a command. Dropping it kills both.
pub(super) struct Terminal {
    pid: libc::pid_t,
    shared: &'static Shared,
}

impl Terminal {
    /// Starts the command `words`. The process that reads has the priority `reader`.
    ///
    /// # Errors
    /// When the command does not start.
    pub(super) fn start(words: &[String], reader: ReaderPriority) -> Result<Terminal> {
        let [program, ..] = words else { bail!("the command is empty") };
        // SAFETY: its fields are all atomics for which zero is valid.
        let shared: &Shared = unsafe { map_shared() }.context("failed to map memory for the output")?;
        // SAFETY: the agent has one thread; the child never returns from here.
        let pid = match unsafe { libc::fork() } {
            -1 => return Err(io::Error::last_os_error()).context("failed to start the terminal"),
            0 => run_child(words, reader, shared),
            pid => pid,
        };
        let terminal = Terminal { pid, shared };
        while shared.state.load(Ordering::SeqCst) == STARTING {
            std::thread::sleep(Duration::from_millis(1));
            let runs = terminal.check();
            // It may have told why just before it ended.
            if shared.state.load(Ordering::SeqCst) == STARTING {
                runs?;
            }
        }
        let error = io::Error::from_raw_os_error(shared.errno.load(Ordering::SeqCst));
        match shared.state.load(Ordering::SeqCst) {
            REFUSED => Err(explain(program, Path::new("/"), error)),
            NO_TERMINAL => Err(error)
                .context("failed to open a pseudo-terminal, for which a kernel needs CONFIG_UNIX98_PTYS"),
            _ => Ok(terminal),
        }
    }

    /// Fails when the terminal's process itself has ended.
    fn check(&self) -> Result<()> {
        let mut status: c_int = 0;
        // SAFETY: `status` is valid to write to.
        match unsafe { libc::waitpid(self.pid, &mut status, libc::WNOHANG) } {
            0 => Ok(()),
            _ => bail!(
                "the terminal of the command ended (wait status {status:#x}); its error is on the console"
            ),
        }
    }

    /// The terminal's process: the command's processes are its descendants.
    pub(super) fn pid(&self) -> libc::pid_t {
        self.pid
    }

    /// The command's first process, which leads its process group.
    pub(super) fn first(&self) -> libc::pid_t {
        self.shared.first.load(Ordering::SeqCst)
    }

    /// How the first process ended; `None` while it runs.
    pub(super) fn status(&self) -> Option<ExitStatus> {
        let ended = self.shared.first_ended.load(Ordering::SeqCst) != 0;
        ended.then(|| ExitStatus::from_raw(self.shared.status.load(Ordering::SeqCst)))
    }

    /// Whether no process of the command is left.
    pub(super) fn all_ended(&self) -> bool {
        self.shared.all_ended.load(Ordering::SeqCst) != 0
    }

    /// How many bytes the command has written, as far as they have been read.
    pub(super) fn written(&self) -> u64 {
        self.shared.output.written()
    }

    /// What it wrote, as plain text.
    pub(super) fn text(&self) -> String {
        clean(&self.shared.output.bytes())
    }

    /// The last lines of that.
    pub(super) fn last_lines(&self) -> Vec<String> {
        last_lines(&self.text())
    }

    /// The last lines, to end an error with.
    pub(super) fn shown(&self) -> String {
        match self.last_lines().as_slice() {
            [] => "; it wrote nothing".into(),
            lines => format!("; it wrote: {}", lines.join(" | ")),
        }
    }

    /// Waits until what was written has been read.
    pub(super) fn settle(&self) {
        const LOOK: Duration = Duration::from_millis(20);
        const LOOKS: u32 = 25;
        let mut before = self.written();
        for _ in 0..LOOKS {
            std::thread::sleep(LOOK);
            let now = self.written();
            if now == before {
                return;
            }
            before = now;
        }
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // SAFETY: the process group of the command, and a child; neither may exist any more.
        unsafe {
            if !self.all_ended() && self.first() > 0 {
                libc::kill(-self.first(), libc::SIGKILL);
            }
            libc::kill(self.pid, libc::SIGKILL);
            libc::waitpid(self.pid, ptr::null_mut(), 0);
        }
    }
}

/// The life of the terminal's process.
fn run_child(words: &[String], reader: ReaderPriority, shared: &Shared) -> ! {
    let refuse = |state: u32, error: io::Error| -> Result<()> {
        shared.errno.store(error.raw_os_error().unwrap_or(libc::EIO), Ordering::SeqCst);
        shared.state.store(state, Ordering::SeqCst);
        Ok(())
    };
    let serve = || -> Result<()> {
        // SAFETY: passes numbers only. The second makes this process the parent of those that
        // the command leaves behind.
        unsafe {
            libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
            libc::prctl(libc::PR_SET_CHILD_SUBREAPER, 1);
        }
        let (master, slave) = match pty::open() {
            Ok(both) => both,
            Err(error) => return refuse(NO_TERMINAL, error),
        };
        let child = match spawn(words, &slave) {
            Ok(child) => child,
            Err(error) => return refuse(REFUSED, error),
        };
        shared.first.store(child.id() as i32, Ordering::SeqCst);
        shared.state.store(STARTED, Ordering::SeqCst);
        // The slave stays open: without one, a terminal reports an error to its reader.
        reader.apply_to(0).context("failed to set the priority of the terminal")?;
        read_on(&master, shared)
    };
    if let Err(error) = serve() {
        eprintln!("hookbench: terminal: {error:#}");
    }
    // SAFETY: leaves without running the agent's destructors.
    unsafe { libc::_exit(1) }
}

/// Reads what the command writes, and waits for processes that end, for ever.
fn read_on(master: &OwnedFd, shared: &Shared) -> Result<()> {
    let ends = child_signals().context("failed to wait for processes that end")?;
    let mut terminal = File::from(master.try_clone()?);
    let mut signals = File::from(ends.try_clone()?);
    let mut buffer = [0; 4096];
    loop {
        reap(shared);
        let wanted = |descriptor: &OwnedFd| libc::pollfd {
            fd: descriptor.as_raw_fd(),
            events: libc::POLLIN,
            revents: 0,
        };
        let mut wanted = [wanted(master), wanted(&ends)];
        // SAFETY: both are valid for the call.
        unsafe { libc::poll(wanted.as_mut_ptr(), 2, -1) };
        if wanted[0].revents != 0 {
            let read = terminal.read(&mut buffer).context("failed to read the terminal")?;
            shared.output.add(&buffer[..read]);
        }
        if wanted[1].revents != 0 {
            let _ = signals.read(&mut buffer).context("failed to read a signal")?;
        }
    }
}

/// A descriptor that can be read when a child of this process has ended.
fn child_signals() -> io::Result<OwnedFd> {
    // SAFETY: the set is plain bits, made empty before it is used, and outlives the calls.
    unsafe {
        let mut set: libc::sigset_t = std::mem::zeroed();
        libc::sigemptyset(&mut set);
        libc::sigaddset(&mut set, libc::SIGCHLD);
        check(libc::sigprocmask(libc::SIG_BLOCK, &set, ptr::null_mut()))?;
        owned(libc::signalfd(-1, &set, libc::SFD_CLOEXEC))
    }
}

/// Takes note of the processes that have ended.
fn reap(shared: &Shared) {
    loop {
        let mut status: c_int = 0;
        // SAFETY: `status` is valid to write to.
        match unsafe { libc::waitpid(-1, &mut status, libc::WNOHANG) } {
            0 => return,
            -1 => {
                // Without a child it has no descendant either.
                if io::Error::last_os_error().raw_os_error() == Some(libc::ECHILD) {
                    shared.all_ended.store(1, Ordering::SeqCst);
                }
                return;
            }
            pid if pid == shared.first.load(Ordering::SeqCst) => {
                shared.status.store(status, Ordering::SeqCst);
                shared.first_ended.store(1, Ordering::SeqCst);
            }
            _ => {}
        }
    }
}
