//! The subcommands, one file each, and what they share: usage errors, output, and the
//! commands that hookbench suggests to the user.

pub mod advise;
pub mod bisect_step;
pub mod cache;
pub mod clean_host;
pub mod cli;
pub mod compare;
pub mod completions;
pub mod correlate;
pub mod doctor;
pub mod explain;
pub mod export;
pub mod gate;
pub mod history;
pub mod kernel;
pub mod list;
pub mod man;
pub mod merge;
pub mod progress;
pub mod reference;
pub mod report;
pub mod run;
mod say;
pub mod scenario;

/// The exit codes, as `--help` lists them.
pub const EXIT_CODES: &str = "\
Exit code:
  0    every cell ended as measured, unsupported or skipped
  1    a cell failed, or hookbench could not complete the run; finished measurements are kept
  2    the command line is wrong, or names something that does not exist
  3    gate: something got worse; advise: a goal is not reached (bisect-step has different codes)
  130  stopped by SIGINT (Ctrl-C); 143 by SIGTERM, 129 by SIGHUP; --resume continues the run";

/// An error in the user's request, such as an unknown name. hookbench exits with 2.
#[derive(Debug)]
pub struct Usage(anyhow::Error);

impl std::fmt::Display for Usage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{:#}", self.0)
    }
}

impl std::error::Error for Usage {}

/// Marks `error` as a usage error.
pub(crate) fn usage(error: anyhow::Error) -> anyhow::Error {
    Usage(error).into()
}
