//! The subcommands, one file each, and what they share: the kinds of errors, what
//! is said, and the commands that a user is told.

mod again;
mod asked;
mod baselined;
pub mod bisect_step;
pub mod cache;
pub mod clean_host;
pub mod compare;
pub mod correlate;
pub mod doctor;
mod earlier;
pub mod export;
pub mod gate;
pub mod history;
pub mod kernel;
pub mod list;
pub mod merge;
mod named;
mod on_host;
mod on_kvm;
pub mod progress;
pub mod report;
pub mod run;
mod say;

/// What the exit code says; shown by `--help`.
pub const EXIT_CODES: &str = "\
Exit code:
  0    every cell ended, none as failed: measured, unsupported or skipped
  1    a cell failed, or the run could not be made; what was measured is kept
  2    what was asked for is wrong
  3    of gate: something got worse; bisect-step has codes of its own
  130  stopped by SIGINT (Ctrl-C); 143 by SIGTERM, 129 by SIGHUP; --resume goes on";

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
