//! What the processes of a chain tell each other: the instants, in ticks of the CPU's time stamp counter, which are
//! instructions here, and a few numbers. They are in the memory that the runner shares with all of them.

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::guest::race::time_stamp;
use crate::scene::{Shared, shared};

/// A place in the shared memory. Zero says that nothing is there yet.
#[derive(Clone, Copy)]
pub(super) enum Note {
    /// When the call that is the signal began.
    Begin,
    /// When it had returned.
    Returned,
    /// When a daemon had read the record.
    Read,
    /// When a daemon had done what it does.
    Acted,
    /// When an operation had been refused.
    Refused,
    /// How many operations passed before.
    Passed,
    /// The process that gave the signal.
    Signaller,
    /// The descriptor of its listener and one, if it has a filter that notifies.
    Listener,
}

/// All notes.
const NOTES: [Note; 8] = [
    Note::Begin,
    Note::Returned,
    Note::Read,
    Note::Acted,
    Note::Refused,
    Note::Passed,
    Note::Signaller,
    Note::Listener,
];

/// The notes of a try.
#[derive(Clone, Copy)]
pub(super) struct Notes(&'static Shared);

impl Notes {
    pub(super) fn new(shared: &'static Shared) -> Notes {
        Notes(shared)
    }

    /// The notes, for a program that the runner executed.
    ///
    /// # Errors
    /// When it was executed by somebody else.
    pub(super) fn inherited() -> io::Result<Notes> {
        shared().map(Notes)
    }

    fn place(self, note: Note) -> &'static AtomicU64 {
        &self.0.values[note as usize]
    }

    pub(super) fn get(self, note: Note) -> u64 {
        self.place(note).load(Ordering::SeqCst)
    }

    pub(super) fn set(self, note: Note, value: u64) {
        self.place(note).store(value, Ordering::SeqCst);
    }

    /// Notes this instant, unless there is one already.
    pub(super) fn stamp(self, note: Note) {
        let now = time_stamp();
        // An error means that there is one.
        let _ = self.place(note).compare_exchange(0, now, Ordering::SeqCst, Ordering::SeqCst);
    }

    pub(super) fn clear(self) {
        NOTES.iter().for_each(|&note| self.set(note, 0));
    }
}
