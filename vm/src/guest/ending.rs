//! How a guest ends: with an answer, or with an error that callers branch on.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use hookbench_model::protocol::AgentMessage;

use crate::arch;

/// The answer of a guest.
#[derive(Debug, Clone)]
pub struct Answer {
    /// Its first message, which says what kernel it runs.
    pub ready: Option<AgentMessage>,
    /// The functions of its kernel, if it was asked for them.
    pub symbols: Option<String>,
    /// Its last message, which says how the cell ended.
    pub last: AgentMessage,
    /// The last lines of its console.
    pub console: Vec<String>,
}

/// Why a guest gave no answer. The last lines of the console tell more.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// QEMU is not installed.
    #[error(
        "{} was not found; install it (Debian: {package}), or run: hookbench doctor",
        program.display(),
        package = arch::QEMU_PACKAGE
    )]
    NoQemu {
        /// The program that hookbench looked for.
        program: PathBuf,
    },
    /// QEMU did not start, or failed.
    #[error("QEMU failed: {message}")]
    Qemu {
        /// What QEMU reported, or what hookbench noticed.
        message: String,
    },
    /// hookbench could not write or read a file.
    #[error("failed to use {path}: {error}")]
    File {
        /// The file.
        path: PathBuf,
        /// The reason.
        error: io::Error,
    },
    /// The disk is too full for a snapshot.
    #[error(
        "no space for a snapshot in {}: a snapshot takes up to the guest's memory size; free some space, or set \
         HOOKBENCH_CACHE to a folder with more (TMPDIR, if the cache is not writable)", path.display()
    )]
    NoRoom {
        /// The folder.
        path: PathBuf,
    },
    /// The guest ran longer than its budget.
    #[error("the guest did not end within {budget:?}")]
    Timeout {
        /// The budget.
        budget: Duration,
        /// The last lines of the console.
        console: Vec<String>,
    },
    /// The agent answered before hookbench gave it a cell.
    #[error("the guest ended before its cell could begin")]
    Agent {
        /// The answer.
        answer: Box<Answer>,
    },
    /// The run was interrupted.
    #[error("the guest was stopped before it ended")]
    Stopped,
    /// The kernel panicked.
    #[error("the guest's kernel panicked: {reason}")]
    Panic {
        /// The console's line that reports the panic.
        reason: String,
        /// The last lines of the console.
        console: Vec<String>,
    },
    /// The guest ended without its last message.
    #[error("the guest ended without an answer")]
    Ended {
        /// The last lines of the console.
        console: Vec<String>,
    },
    /// The guest sent something that is not a message, or sent too much.
    #[error("the guest sent {what}")]
    Protocol {
        /// What it sent.
        what: String,
        /// The last lines of the console.
        console: Vec<String>,
    },
}

impl Error {
    /// QEMU failed with `message`.
    pub(super) fn qemu(message: impl ToString) -> Error {
        Error::Qemu { message: message.to_string() }
    }

    /// `path` could not be used.
    pub(super) fn file(path: impl Into<PathBuf>, error: io::Error) -> Error {
        Error::File { path: path.into(), error }
    }
}
