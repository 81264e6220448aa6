//! The subcommands, one file each, and what they share: the kinds of errors.

pub mod cache;
pub mod doctor;
pub mod list;
pub mod progress;
pub mod report;
pub mod run;

/// What the user asked for does not exist: the exit code is 2.
#[derive(Debug)]
pub struct Usage(anyhow::Error);

impl std::fmt::Display for Usage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:#}", self.0)
    }
}

impl std::error::Error for Usage {}

/// Marks an error as one of usage.
pub(crate) fn usage(error: anyhow::Error) -> anyhow::Error {
    Usage(error).into()
}
