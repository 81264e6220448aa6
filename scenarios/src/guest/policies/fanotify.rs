//! A process that the kernel asks before a file is opened, executed or read (fanotify), and that refuses.

use std::ffi::CString;
use std::io::{self, Read, Write};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::net::UnixStream;

use anyhow::{Context, Result, ensure};

use super::{Attach, Attached};
use crate::exchange::{Object, Record};
use crate::guest::kept::Kept;
use crate::policy::Grade;
use crate::scene::now;
use crate::subject::Subject;
use crate::sys::check;

/// The questions that there are, and the names of the records about them.
const QUESTIONS: &[(u64, &str)] = &[
    (libc::FAN_OPEN_PERM, "FAN_OPEN_PERM"),
    (libc::FAN_ACCESS_PERM, "FAN_ACCESS_PERM"),
    (libc::FAN_OPEN_EXEC_PERM, "FAN_OPEN_EXEC_PERM"),
];

/// Bytes of a record of the guard: when, and the question.
const RECORD: usize = 16;

/// The guard, until it is dropped.
struct Guard {
    names: Vec<String>,
    /// Ends before its records are closed.
    _process: Kept,
    records: UnixStream,
}

/// Starts a guard of the files of `subject`.
///
/// # Errors
/// When the kernel refuses.
pub(super) fn attach(subject: &Subject) -> Result<Attach> {
    if subject.files.is_empty() {
        return Ok(Attach::Unsupported("fanotify is about files, and this scenario is not".into()));
    }
    let kind = libc::FAN_CLASS_CONTENT | libc::FAN_UNLIMITED_QUEUE | libc::FAN_CLOEXEC;
    // SAFETY: a plain system call; the descriptor is owned at once.
    let group = unsafe {
        let group = libc::fanotify_init(kind, (libc::O_RDONLY | libc::O_LARGEFILE) as u32);
        OwnedFd::from_raw_fd(check(group).context("failed to open fanotify")?)
    };
    let mut names = Vec::new();
    for (path, letters) in &subject.files {
        let questions = questions(letters, subject.grade);
        if questions == 0 {
            return Ok(Attach::Unsupported(format!("fanotify does not ask about {letters}")));
        }
        let file = CString::new(path.as_str())?;
        // SAFETY: the path ends in NUL.
        let marked = unsafe {
            let (group, here) = (group.as_raw_fd(), libc::AT_FDCWD);
            libc::fanotify_mark(group, libc::FAN_MARK_ADD, questions, here, file.as_ptr())
        };
        check(marked).with_context(|| format!("failed to mark {path}"))?;
        let asked = QUESTIONS.iter().filter(|(question, _)| questions & question != 0);
        names.extend(asked.map(|(_, name)| format!("{name} of {path}")));
    }
    let (ours, theirs) = UnixStream::pair().context("failed to make a socket")?;
    ours.set_nonblocking(true)?;
    let runner = std::process::id();
    // SAFETY: the runner has one thread, so the child may do anything.
    let process = check(unsafe { libc::fork() }).context("failed to fork")?;
    if process == 0 {
        drop(ours);
        let result = refuse(&group, theirs, runner);
        eprintln!("hookbench-scenarios: the guard ended: {result:?}");
        // SAFETY: leaves without running what the runner has to run.
        unsafe { libc::_exit(1) };
    }
    Ok(Attach::Attached(Box::new(Guard { names, _process: Kept(process), records: ours })))
}

/// What the kernel has to ask about accesses in the letters of `auditctl -p`. A textbook policy asks about opening.
fn questions(letters: &str, grade: Grade) -> u64 {
    letters.chars().fold(0, |questions, letter| {
        questions
            | match (letter, grade) {
                ('x', _) => libc::FAN_OPEN_EXEC_PERM,
                ('r', Grade::Textbook) => libc::FAN_OPEN_PERM,
                ('r', Grade::Complete) => libc::FAN_OPEN_PERM | libc::FAN_ACCESS_PERM,
                _ => 0,
            }
    })
}

/// Answers the kernel: the runner may, others may not.
fn refuse(group: &OwnedFd, mut records: UnixStream, runner: u32) -> Result<()> {
    // SAFETY: concerns this process alone.
    check(unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) })?;
    loop {
        // SAFETY: a structure of numbers, which the kernel fills in. One question fits, so one comes.
        let event = unsafe {
            let mut event: libc::fanotify_event_metadata = std::mem::zeroed();
            let size = size_of_val(&event);
            let read = libc::read(group.as_raw_fd(), (&raw mut event).cast(), size);
            ensure!(read == size as isize, "failed to read a question: {}", io::Error::last_os_error());
            event
        };
        // SAFETY: the kernel made the descriptor for this process.
        let file = unsafe { OwnedFd::from_raw_fd(event.fd) };
        let is_runner = u32::try_from(event.pid).is_ok_and(|process| process == runner);
        if !is_runner {
            let mut record = now().to_ne_bytes().to_vec();
            record.extend_from_slice(&event.mask.to_ne_bytes());
            records.write_all(&record)?;
        }
        let response = if is_runner { libc::FAN_ALLOW } else { libc::FAN_DENY };
        let answer = libc::fanotify_response { fd: file.as_raw_fd(), response };
        // SAFETY: the kernel reads the structure.
        let written =
            unsafe { libc::write(group.as_raw_fd(), (&raw const answer).cast(), size_of_val(&answer)) };
        ensure!(written > 0, "failed to answer: {}", io::Error::last_os_error());
    }
}

impl Attached for Guard {
    fn names(&self) -> &[String] {
        &self.names
    }

    fn lacks(&self) -> &[String] {
        &[]
    }

    fn clear(&mut self) -> Result<()> {
        self.records((0, u64::MAX)).map(drop)
    }

    fn records(&mut self, (begin, end): (u64, u64)) -> Result<Vec<Record>> {
        let mut bytes = Vec::new();
        match self.records.read_to_end(&mut bytes) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error).context("failed to read the guard's records"),
            Ok(_) => anyhow::bail!("the guard has ended"),
        }
        let number = |bytes: &[u8]| u64::from_ne_bytes(bytes.try_into().unwrap_or_default());
        let all = bytes.chunks_exact(RECORD).map(|record| (number(&record[..8]), number(&record[8..])));
        let inside = all.filter(|(time, _)| (begin..=end).contains(time));
        let name = |mask: u64| QUESTIONS.iter().find(|(question, _)| mask & question != 0);
        // Only marked files are asked about.
        let record = |(_, name): &(u64, &str)| Record {
            what: (*name).into(),
            object: Object::Right,
            text: String::new(),
        };
        Ok(inside.filter_map(|(_, mask)| name(mask)).map(record).collect())
    }
}
