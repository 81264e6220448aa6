//! Why a guest has no answer: what a caller branches on, in words for people.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use crate::guest::Answer;

/// Why there is no answer. The console's last lines tell more.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// QEMU is not there.
    #[error("{program} was not found; install it (Debian: qemu-system-x86), or run: hookbench doctor")]
    NoQemu {
        /// What was looked for.
        program: &'static str,
    },
    /// QEMU could not be started, or ended with an error of its own.
    #[error("QEMU failed: {message}")]
    Qemu {
        /// What it said.
        message: String,
    },
    /// A file could not be written or read.
    #[error("failed to use {path}: {error}")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// A snapshot found no room.
    #[error(
        "no room for a snapshot in {}: it takes up to as much as the guest has memory; free some, or set HOOKBENCH_CACHE to a \
         folder with more (TMPDIR, where the cache cannot be written)", path.display()
    )]
    NoRoom {
        /// The folder.
        path: PathBuf,
    },
    /// The budget ran out.
    #[error("the guest did not end within {budget:?}")]
    Timeout {
        /// The budget.
        budget: Duration,
        /// The console's last lines.
        console: Vec<String>,
    },
    /// It ended with an answer before it was asked for one.
    #[error("the guest ended before its cell could begin")]
    Agent {
        /// What it said.
        answer: Box<Answer>,
    },
    /// It was to be ended at once.
    #[error("the guest was stopped before it ended")]
    Stopped,
    /// The kernel panicked.
    #[error("the guest's kernel panicked: {reason}")]
    Panic {
        /// The line that says so.
        reason: String,
        /// The console's last lines.
        console: Vec<String>,
    },
    /// It ended without the last message.
    #[error("the guest ended without an answer")]
    Ended {
        /// The console's last lines.
        console: Vec<String>,
    },
    /// It sent what is no message, or too much.
    #[error("the guest sent {what}")]
    Protocol {
        /// What.
        what: String,
        /// The console's last lines.
        console: Vec<String>,
    },
}
