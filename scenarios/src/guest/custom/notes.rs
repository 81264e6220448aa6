//! What a reader of a verdict on a custom way has to know: how the way started, and what it left.

use std::fs::File;
use std::io::Read;
use std::sync::atomic::Ordering;

use super::Left;
use super::rest::{GRACE, PATIENCE};
use super::start::Start;
use crate::exchange::{CustomWay, CustomWindow, Object, Record, Tries};
use crate::scene::Shared;

/// Nanoseconds in a millisecond.
const MILLISECOND: u64 = 1_000_000;

/// The mechanisms whose records name calls, whatever these do.
const BY_CALLS: [&str; 3] = ["tracepoint", "audit", "kprobe"];

/// Adds the notes to `tries` under a policy of `mechanism`, and why nothing can be said if the way did not come to its own code or did not end.
pub(super) fn add(custom: &CustomWay, mechanism: &str, shared: &Shared, tries: Tries) -> Tries {
    let left = |what: Left| what.of(shared).load(Ordering::SeqCst);
    let early = left(Left::EndedEarly).checked_sub(1).filter(|_| tries.errno.is_none());
    let early = early.map(|status| ended_early(status as i32));
    let hung_up =
        (left(Left::HungUp) > 0).then(|| format!("it did not end within {} ms", PATIENCE / MILLISECOND));
    let started = [
        (
            Start::Entry,
            "the C library of a static program starts in the window: a record of a number can be of that",
        ),
        (
            Start::Exec,
            "where the program's own code begins was not found: the window opened when the program had been \
          executed, and a record of a number can be of its loader",
        ),
    ];
    let started = started.iter().find(|(start, _)| left(Left::Start) == *start as u64 + 1);
    let script = is_script(&custom.program) && custom.window == CustomWindow::Entry;
    let has_object = |record: &Record| matches!(record.object, Object::Right | Object::Blank);
    let by_calls =
        BY_CALLS.contains(&mechanism) && !tries.records.is_empty() && !tries.records.iter().any(has_object);
    let time = GRACE / MILLISECOND;
    let processes = match left(Left::Processes) {
        0 => None,
        1 => Some(format!("a process that it left running for {time} ms was killed")),
        many => Some(format!("{many} processes that it left running for {time} ms were killed")),
    };
    let notes = [
        started.map(|(_, note)| (*note).to_owned()),
        script.then(|| {
            "the way is a script: the window opened where its interpreter's own code begins, and the start of each \
             program that it executes is in the window"
                .to_owned()
        }),
        by_calls.then(|| {
            "no record names the object of the scenario: another call of the way, such as the one that makes the file \
             of its effect, leaves the same record"
                .to_owned()
        }),
        processes,
    ];
    Tries {
        invalid: early.or(hung_up).or(tries.invalid),
        notes: notes.into_iter().flatten().collect(),
        ..tries
    }
}

/// Why nothing can be said of a way that ended with `status` before its own code began.
fn ended_early(status: i32) -> String {
    let how = match libc::WIFSIGNALED(status) {
        true => format!("signal {} ended it", libc::WTERMSIG(status)),
        false => format!("it ended with exit code {}", libc::WEXITSTATUS(status)),
    };
    format!("{how} before its own code began; if its start is the way, use --window exec")
}

/// Whether the kernel executes an interpreter in place of the file.
fn is_script(path: &str) -> bool {
    let mut begin = [0; 2];
    File::open(path).and_then(|mut file| file.read_exact(&mut begin)).is_ok() && begin == *b"#!"
}
