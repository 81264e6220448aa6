//! The operation of workloads that fork: from the fork until the child's end has been seen. The process that forks is a
//! child of the worker with nothing but its program, its stack and the mappings that a plan asks for, because fork
//! copies what a process has, and what the worker has depends on the monitor. See `slim.rs`.

use std::ffi::{CString, c_char};
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::AsRawFd;
use std::ptr;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use hookbench_model::Refusal;

use crate::arch::syscall_6;
use crate::companion::Companion;
use crate::pipe::pipe;
use crate::program::Ended;
use crate::shared::Shared;
use crate::slim::Excess;
use crate::{Effect, Operation, Stopwatch, Timed};

/// What the child of each operation does.
pub(crate) enum Part {
    /// It exits.
    Exit,
    /// It executes a program.
    Execute(Command),
}

/// A program with its arguments and environment.
pub(crate) struct Command {
    path: CString,
    args: Vec<CString>,
    env: Vec<CString>,
}

impl Command {
    /// The program at `path`; the first of `args` is the name that it is given.
    ///
    /// # Errors
    /// When a text contains a NUL.
    pub(crate) fn new(path: &str, args: &[&str], env: &[&str]) -> io::Result<Command> {
        let strings =
            |texts: &[&str]| texts.iter().map(|text| Ok(CString::new(*text)?)).collect::<io::Result<_>>();
        Ok(Command { path: CString::new(path)?, args: strings(args)?, env: strings(env)? })
    }
}

/// The operation.
pub(crate) struct Forking {
    part: Part,
    /// How many mappings more the process that forks has.
    mappings: usize,
    note: Shared<Note>,
    /// The first operation starts it: only then is the worker what the process has to be, a real-time task that the
    /// monitor has been put on. A monitor that refuses forks refuses this one too; the worker is then what they are
    /// refused to.
    forker: Option<Forker>,
    /// How many children ended as they had to.
    ended: u64,
}

impl Forking {
    /// Children do `part`. The process that forks has so many `mappings` more.
    ///
    /// # Errors
    /// When the kernel has no memory for what the process leaves behind.
    pub(crate) fn new(part: Part, mappings: usize) -> io::Result<Forking> {
        // SAFETY: zero is valid for atomics.
        Ok(Forking { part, mappings, note: unsafe { Shared::map() }?, forker: None, ended: 0 })
    }
}

/// What a child exits with if it only exits: something that no failure exits with.
const CODE: i64 = 42;

impl Operation for Forking {
    fn arm(&mut self) -> io::Result<()> {
        if self.forker.is_none() {
            self.forker = Forker::start(&self.part, self.mappings, &self.note)?;
        }
        Ok(())
    }

    fn run_once(&mut self) -> io::Result<Timed> {
        match &mut self.forker {
            Some(forker) => forker.fork_once()?,
            None => fork_once(&self.note, None),
        }
        let (elapsed, ended) = self.note.read();
        let refused = match (&self.part, ended) {
            (Part::Exit, Ended::Exited(code)) if i64::from(code) == CODE => None,
            (_, Ended::Exited(0)) if matches!(self.part, Part::Execute(_)) => None,
            (_, Ended::Exited(code)) => Some(Refusal::Exit(code)),
            (_, other) => other.refused(),
        };
        self.ended += u64::from(refused.is_none());
        Ok(Timed { elapsed, refused })
    }

    fn effect(&mut self) -> io::Result<Effect> {
        Ok(match self.part {
            Part::Exit => Effect::Forked(self.ended),
            Part::Execute(_) => Effect::Exited(self.ended),
        })
    }
}

/// What the process leaves to the worker after each operation.
#[repr(C)]
struct Note {
    elapsed: AtomicU64,
    /// 0, or the error number of fork or execve.
    errno: AtomicI64,
    /// The child's wait status.
    status: AtomicI64,
}

impl Note {
    /// What the last operation took, and how its child ended.
    fn read(&self) -> (u64, Ended) {
        let number = |value: &AtomicI64| value.load(Ordering::SeqCst) as i32;
        (self.elapsed.load(Ordering::SeqCst), Ended::of(number(&self.status), number(&self.errno)))
    }
}

/// The process that forks.
struct Forker {
    order: File,
    answer: File,
    _process: Companion,
}

impl Forker {
    /// Starts the process; `None` if it may not be made.
    fn start(part: &Part, mappings: usize, note: &Note) -> io::Result<Option<Forker>> {
        let ((their_order, order), (answer, their_answer)) = (pipe()?, pipe()?);
        let excess = Excess::find(&[ptr::from_ref(note) as usize])?;
        let (orders, answers) = (their_order.as_raw_fd(), their_answer.as_raw_fd());
        let process = Companion::start(|| {
            // Nothing of it is on the heap.
            let mut program = Strings::EMPTY;
            let program = match part {
                Part::Exit => None,
                Part::Execute(command) => program.fill(command).then_some(&program),
            };
            if program.is_some() == matches!(part, Part::Execute(_)) {
                // SAFETY: what follows uses the stack and the note alone.
                unsafe { excess.drop_all() };
                serve(note, orders.into(), answers.into(), program, mappings);
            }
        });
        match process {
            Err(error) if error.raw_os_error() == Some(libc::EPERM) => Ok(None),
            process => Ok(Some(Forker { order, answer, _process: process? })),
        }
    }

    /// Has the process make one operation.
    fn fork_once(&mut self) -> io::Result<()> {
        self.order.write_all(&[1])?;
        let early = |error| io::Error::other(format!("the process that forks ended early: {error}"));
        self.answer.read_exact(&mut [0]).map_err(early)
    }
}

/// Bytes of a program's path, arguments and environment.
const MOST_BYTES: usize = 1024;
/// Arguments or variables of the environment, with the null pointer at their end.
const MOST_STRINGS: usize = 8;

/// What execve reads, in one place that stays where it is.
struct Strings {
    bytes: [u8; MOST_BYTES],
    used: usize,
    argv: [*const c_char; MOST_STRINGS],
    envp: [*const c_char; MOST_STRINGS],
}

impl Strings {
    const EMPTY: Strings = Strings {
        bytes: [0; MOST_BYTES],
        used: 0,
        argv: [ptr::null(); MOST_STRINGS],
        envp: [ptr::null(); MOST_STRINGS],
    };

    /// Takes over what `command` has; the path comes first. Returns whether there was room. Afterwards it must not
    /// move.
    fn fill(&mut self, command: &Command) -> bool {
        let fits = |strings: &[CString]| strings.len() < MOST_STRINGS;
        if self.add(&command.path).is_none() || !fits(&command.args) || !fits(&command.env) {
            return false;
        }
        for (place, string) in command.args.iter().enumerate() {
            let Some(pointer) = self.add(string) else { return false };
            self.argv[place] = pointer;
        }
        for (place, string) in command.env.iter().enumerate() {
            let Some(pointer) = self.add(string) else { return false };
            self.envp[place] = pointer;
        }
        true
    }

    fn add(&mut self, string: &CString) -> Option<*const c_char> {
        let bytes = string.as_bytes_with_nul();
        let place = self.bytes.get_mut(self.used..self.used + bytes.len())?;
        place.copy_from_slice(bytes);
        self.used += bytes.len();
        Some(place.as_ptr().cast())
    }
}

/// The life of the process: one operation for each byte of `orders`. It has no heap, so it makes its system calls
/// itself. Without `program`, its children exit.
fn serve(note: &Note, orders: i64, answers: i64, program: Option<&Strings>, mappings: usize) {
    let mut byte = 0u8;
    let place = (&raw mut byte) as i64;
    if !map_more(mappings) {
        return;
    }
    // SAFETY: the kernel reads and writes a byte of ours.
    while unsafe { syscall_6(libc::SYS_read, [orders, place, 1, 0, 0, 0]) } == 1 {
        fork_once(note, program);
        // SAFETY: the kernel reads a byte of ours.
        if unsafe { syscall_6(libc::SYS_write, [answers, place, 1, 0, 0, 0]) } != 1 {
            return;
        }
    }
}

/// Makes one operation.
#[inline(always)]
fn fork_once(note: &Note, program: Option<&Strings>) {
    note.errno.store(0, Ordering::SeqCst);
    let stopwatch = Stopwatch::start();
    let status = fork_and_wait(note, program);
    note.elapsed.store(stopwatch.elapsed(), Ordering::SeqCst);
    note.status.store(status, Ordering::SeqCst);
}

/// Forks, and waits for the child's end. Returns its wait status.
#[inline(always)]
fn fork_and_wait(note: &Note, program: Option<&Strings>) -> i64 {
    let mut status = 0i32;
    // SAFETY: what fork(2) is. The child shares no memory but the note, and leaves by exit or by execve; the strings
    // and the lists end as they have to, and the kernel writes a wait status.
    unsafe {
        match syscall_6(libc::SYS_clone, [libc::SIGCHLD.into(), 0, 0, 0, 0, 0]) {
            0 => {
                let mut code = CODE;
                if let Some(Strings { bytes, argv, envp, .. }) = program {
                    let arguments =
                        [bytes.as_ptr() as i64, argv.as_ptr() as i64, envp.as_ptr() as i64, 0, 0, 0];
                    let error = syscall_6(libc::SYS_execve, arguments);
                    note.errno.store(-error, Ordering::SeqCst);
                    code = 127;
                }
                syscall_6(libc::SYS_exit_group, [code, 0, 0, 0, 0, 0]);
            }
            pid @ 1.. => {
                syscall_6(libc::SYS_wait4, [pid, (&raw mut status) as i64, 0, 0, 0, 0]);
            }
            error => note.errno.store(-error, Ordering::SeqCst),
        }
        ptr::read_volatile(&raw const status).into()
    }
}

const PAGE: i64 = 4096;

/// Makes so many mappings, each of one written page with a hole behind it, so that no two of them merge. Returns whether the kernel made
/// them.
fn map_more(number: usize) -> bool {
    if number == 0 {
        return true;
    }
    let (pages, protection) = (2 * number as i64, libc::PROT_READ | libc::PROT_WRITE);
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
    let arguments = [0, pages * PAGE, protection.into(), flags.into(), -1, 0];
    // SAFETY: an anonymous mapping where the kernel likes.
    let start = unsafe { syscall_6(libc::SYS_mmap, arguments) };
    if start < 0 {
        return false;
    }
    (0..pages).step_by(2).all(|page| {
        let page = start + page * PAGE;
        // SAFETY: writes to a page that is ours and unmaps the one behind it, which nothing uses.
        unsafe {
            ptr::write_volatile(page as *mut u8, 1);
            syscall_6(libc::SYS_munmap, [page + PAGE, PAGE, 0, 0, 0, 0]) == 0
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(part: Part, mappings: usize) -> (Timed, Effect) {
        let mut forking = Forking::new(part, mappings).unwrap();
        forking.arm().unwrap();
        forking.run_once().unwrap();
        forking.arm().unwrap();
        (forking.run_once().unwrap(), forking.effect().unwrap())
    }

    #[test]
    fn each_operation_has_a_child_of_its_own() {
        let (timed, effect) = run(Part::Exit, 100);
        assert_eq!((timed.refused, effect), (None, Effect::Forked(2)));
        assert!(timed.elapsed > 0);
    }

    #[test]
    fn a_program_that_cannot_be_executed_is_a_refusal() {
        let refused = |path: &str| {
            let (timed, effect) = run(Part::Execute(Command::new(path, &[path], &["A=b"]).unwrap()), 0);
            (timed.refused, effect)
        };
        assert_eq!(refused("/nowhere"), (Some(Refusal::Errno(libc::ENOENT)), Effect::Exited(0)));
        assert_eq!(refused("/bin/true"), (None, Effect::Exited(2)));
        assert_eq!(refused("/bin/false").0, Some(Refusal::Exit(1)));
    }

    #[test]
    fn a_program_that_is_too_long_is_not_executed() {
        let long = "x".repeat(MOST_BYTES);
        let mut forking =
            Forking::new(Part::Execute(Command::new("/bin/true", &[&long], &[]).unwrap()), 0).unwrap();
        forking.arm().unwrap();
        assert!(forking.run_once().is_err());
    }
}
