//! The user-space half of chains: a daemon that reads a record of the signal and acts. It has an ordinary priority, as
//! daemons have.

use std::cell::RefCell;
use std::fs;
use std::io::{self, Read, Write};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::rc::Rc;
use std::time::Duration;

use anyhow::{Context, Result, ensure};
use libbpf_rs::{MapHandle, RingBuffer, RingBufferBuilder};

use super::notes::{Note, Notes};
use super::program::set_closed;
use crate::guest::audit::{Link, encode};
use crate::guest::kept::Kept;
use crate::guest::race::fork_helper;
use crate::policy_file::audit::{Matches, Rule};
use crate::scenario::{Abi, Call};
use crate::sys::check;

/// The key of the audit rule.
const KEY: &str = "hookbench-react";
/// `AUDIT_SYSCALL`.
const SYSCALL: u16 = 1300;
/// How long a daemon waits for a record before it waits again.
const LONG: Duration = Duration::from_secs(3600);
/// Where the process is in a record of a BPF program, and in an event of fanotify.
const PROCESS_IN_RECORD: usize = 8;
const PROCESS_IN_EVENT: usize = 20;

/// What a daemon does about the process that gave the signal.
pub(super) enum Act {
    /// It closes the secret to all ordinary users.
    Close(MapHandle),
    /// It kills the process.
    Kill,
    /// It writes this value to this file.
    Write(&'static str, &'static str),
}

impl Act {
    fn perform(&self, process: libc::pid_t) -> Result<()> {
        match self {
            Act::Close(closed) => set_closed(closed, true),
            Act::Kill => {
                // SAFETY: a signal. An error means that the process has ended.
                unsafe { libc::kill(process, libc::SIGKILL) };
                Ok(())
            }
            Act::Write(file, value) => {
                fs::write(file, value).with_context(|| format!("failed to write {file}"))
            }
        }
    }
}

/// Where a daemon reads records.
pub(super) trait Listen {
    /// Waits for a record, and returns the process that it names.
    ///
    /// # Errors
    /// When none can be read.
    fn next(&mut self) -> Result<libc::pid_t>;
}

/// Starts a daemon, and waits until it listens.
///
/// # Errors
/// When it cannot be started, or cannot listen.
pub(super) fn start<L: Listen>(notes: Notes, act: Act, listen: impl FnOnce() -> Result<L>) -> Result<Kept> {
    let (mut told, mut tell) = io::pipe()?;
    let runner = std::process::id() as libc::pid_t;
    let daemon = fork_helper(|| {
        let ended = listen().and_then(|mut listener| {
            tell.write_all(&[1])?;
            loop {
                let process = listener.next()?;
                if process == runner {
                    continue;
                }
                notes.stamp(Note::Read);
                act.perform(process)?;
                notes.stamp(Note::Acted);
            }
        });
        let ended: Result<()> = ended;
        eprintln!("hookbench-scenarios: the daemon ended: {ended:?}");
        Ok(())
    });
    let daemon = Kept(daemon.context("failed to start the daemon")?);
    drop(tell);
    told.read_exact(&mut [0]).context("the daemon cannot listen")?;
    Ok(daemon)
}

/// A ring buffer.
pub(super) struct Ring {
    ring: RingBuffer<'static>,
    processes: Rc<RefCell<Vec<libc::pid_t>>>,
}

impl Ring {
    pub(super) fn open(records: &MapHandle) -> Result<Ring> {
        let processes = Rc::new(RefCell::new(Vec::new()));
        let (mut builder, kept) = (RingBufferBuilder::new(), Rc::clone(&processes));
        builder.add(records, move |bytes| {
            kept.borrow_mut().extend(number(bytes, PROCESS_IN_RECORD));
            0
        })?;
        let ring = builder.build().context("failed to read the ring buffer")?;
        Ok(Ring { ring, processes })
    }
}

impl Listen for Ring {
    fn next(&mut self) -> Result<libc::pid_t> {
        loop {
            if let Some(process) = self.processes.borrow_mut().pop() {
                return Ok(process);
            }
            self.ring.poll(LONG).context("failed to wait for a record")?;
        }
    }
}

/// The audit subsystem.
pub(super) struct Audit(Link);

impl Audit {
    /// Becomes the audit daemon, and adds a rule on deleting for all but root.
    pub(super) fn open() -> Result<Audit> {
        let link = Link::open()?;
        link.become_daemon()?;
        let calls =
            vec![Call::native("unlink", libc::SYS_unlink), Call::native("unlinkat", libc::SYS_unlinkat)];
        let matches = Matches::Calls(Abi::Native, calls, None);
        let rule = Rule { matches, spares_root: true, key: KEY };
        Link::open()?.add(&encode(&rule))?.context("the kernel refused the rule")?;
        Ok(Audit(link))
    }
}

impl Listen for Audit {
    fn next(&mut self) -> Result<libc::pid_t> {
        loop {
            let (kind, text) = self.0.wait()?;
            if kind == SYSCALL && text.contains(KEY) {
                let process = text.split(' ').find_map(|field| field.strip_prefix("pid="));
                return process.and_then(|process| process.parse().ok()).context("a record names no process");
            }
        }
    }
}

/// fanotify, which tells about what is deleted from a folder.
pub(super) struct Fanotify(OwnedFd);

impl Fanotify {
    /// Watches `folder`.
    ///
    /// # Errors
    /// When the kernel or the file system cannot tell that.
    pub(super) fn open(folder: &str) -> io::Result<Fanotify> {
        let folder = std::ffi::CString::new(folder)?;
        let flags = libc::FAN_CLASS_NOTIF | libc::FAN_REPORT_FID | libc::FAN_CLOEXEC;
        // SAFETY: the path ends in NUL; the descriptor is owned at once.
        unsafe {
            let group = OwnedFd::from_raw_fd(check(libc::fanotify_init(flags, 0))?);
            let (add, deleted) = (libc::FAN_MARK_ADD, libc::FAN_DELETE);
            check(libc::fanotify_mark(group.as_raw_fd(), add, deleted, libc::AT_FDCWD, folder.as_ptr()))?;
            Ok(Fanotify(group))
        }
    }
}

impl Listen for Fanotify {
    fn next(&mut self) -> Result<libc::pid_t> {
        let mut bytes = [0u8; 4096];
        // SAFETY: the buffer is ours to write.
        let size = unsafe { libc::read(self.0.as_raw_fd(), bytes.as_mut_ptr().cast(), bytes.len()) };
        ensure!(size > 0, "failed to read an event: {}", io::Error::last_os_error());
        number(&bytes, PROCESS_IN_EVENT).context("an event is too short")
    }
}

fn number(bytes: &[u8], at: usize) -> Option<i32> {
    bytes.get(at..)?.first_chunk().copied().map(i32::from_ne_bytes)
}
