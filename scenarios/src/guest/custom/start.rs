//! The start of a custom way: its program runs until its own code begins. What the loader and the C library do before
//! that is not the way.

use std::ffi::c_int;
use std::fs;
use std::io;

use super::own_code;
use super::tracee::{MOST_STOPS, Stop, Tracee, wait};

/// `AT_NULL` and `AT_ENTRY` of the auxiliary vector.
const END: u64 = 0;
const ENTRY: u64 = 9;

/// Where the window of a way opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Start {
    /// Where its own code begins: behind the loader, and behind the C library's start in a static program.
    OwnCode,
    /// At the entry point of a static program, before the C library's start.
    Entry,
    /// Right after the exec.
    Exec,
}

/// Lets `child`, which executes a program, run until the program's own code begins, has `confine` confine it there, and
/// lets it run for good. The caller runs before others, so the program's next instruction waits for it. The inner error
/// is the status of a program that ended before.
///
/// # Errors
/// When it cannot be traced or confined.
pub(super) fn to_own_code(
    child: libc::pid_t,
    user: u32,
    confine: impl FnOnce(&mut Tracee) -> io::Result<()>,
) -> io::Result<Result<Start, c_int>> {
    // The kernel stops it when it has executed the program.
    if let Stop::Ended(status) = wait(child)? {
        return Ok(Err(status));
    }
    let mut tracee = Tracee::new(child, user)?;
    let start = match own_code(child, &tracee) {
        Ok((places, start)) => match run_to(&tracee, &places)? {
            Stop::Ended(status) => return Ok(Err(status)),
            Stop::Signal(_) => start,
        },
        Err(_) => Start::Exec,
    };
    confine(&mut tracee)?;
    tracee.leave()?;
    Ok(Ok(start))
}

/// Where the program's own code may begin.
fn own_code(child: libc::pid_t, tracee: &Tracee) -> io::Result<(Vec<u64>, Start)> {
    let program = fs::read(format!("/proc/{child}/exe"))?;
    let vector = fs::read(format!("/proc/{child}/auxv"))?;
    let entry = entry(&vector, tracee.is_32_bit()?);
    let entry = entry.ok_or_else(|| io::Error::other("the kernel does not name the entry point"))?;
    own_code::places(&program, entry)
        .map(|(mut places, start)| {
            places.truncate(MOST_STOPS);
            (places, start)
        })
        .ok_or_else(|| io::Error::other("the program is not an ELF file"))
}

/// The entry point in an auxiliary vector.
fn entry(vector: &[u8], is_32_bit: bool) -> Option<u64> {
    let size = if is_32_bit { 4 } else { 8 };
    let number = |bytes: &[u8]| {
        let mut word = [0; 8];
        word[..size].copy_from_slice(bytes);
        u64::from_le_bytes(word)
    };
    let pairs = vector.chunks_exact(2 * size).map(|pair| (number(&pair[..size]), number(&pair[size..])));
    pairs.take_while(|(kind, _)| *kind != END).find(|(kind, _)| *kind == ENTRY).map(|(_, entry)| entry)
}

/// Lets it run to the first of these places, with the signals that it gets.
fn run_to(tracee: &Tracee, places: &[u64]) -> io::Result<Stop> {
    let mut stop = Stop::Signal(0);
    if places.contains(&tracee.instruction()?) {
        return Ok(stop);
    }
    tracee.stop_at(places)?;
    loop {
        stop = tracee.go_on(match stop {
            Stop::Signal(signal) if signal != libc::SIGTRAP => signal,
            _ => 0,
        })?;
        match stop {
            Stop::Ended(_) => return Ok(stop),
            Stop::Signal(libc::SIGTRAP) if places.contains(&tracee.instruction()?) => {
                tracee.stop_at(&[])?;
                return Ok(stop);
            }
            Stop::Signal(_) => {}
        }
    }
}
