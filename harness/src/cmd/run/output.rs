//! Where a run goes: its folder, and the baseline that it is saved as or compared with.

use std::path::PathBuf;

use anyhow::{Result, bail};

use super::args::Args;
use crate::cmd::usage;
use crate::run::folder::{Folder, Holds, holds};

/// The options about the output of a run.
#[derive(Debug, Clone)]
pub(in crate::cmd) struct Output {
    /// The folder; `None` for a new one below `runs`.
    pub(in crate::cmd) folder: Option<PathBuf>,
    /// Whether to resume the run in that folder.
    pub(in crate::cmd) resume: bool,
    /// The name of the baseline to save the run as.
    pub(in crate::cmd) save_baseline: Option<String>,
    /// The name of the baseline to compare the run with.
    pub(in crate::cmd) baseline: Option<String>,
}

impl Output {
    /// The options in `args`.
    pub(super) fn from_args(args: &Args) -> Output {
        Output {
            folder: args.out.clone(),
            resume: args.resume,
            save_baseline: args.save_baseline.clone(),
            baseline: args.baseline.clone(),
        }
    }

    /// Takes the folder, or the first free one for `plan`.
    ///
    /// # Errors
    /// When it cannot be created or locked, or another run finished in it since
    /// [`Output::check_folder`].
    pub(in crate::cmd) fn take_folder(&self, plan: &str) -> Result<Folder> {
        let Some(path) = &self.folder else { return Folder::free(plan) };
        let folder = Folder::take(path)?;
        self.check_folder().map_err(usage)?;
        Ok(folder)
    }

    /// Checks that the run may write into its folder.
    ///
    /// # Errors
    /// When the folder holds another run, or no run to resume.
    pub(in crate::cmd) fn check_folder(&self) -> Result<()> {
        let Some(folder) = &self.folder else { return Ok(()) };
        match (holds(folder)?, self.resume) {
            (Holds::Run, false) => {
                bail!(
                    "{} already holds a run; choose another --out, or resume that run with --resume",
                    folder.display()
                )
            }
            (Holds::Nothing | Holds::Others, true) => bail!("{} holds no run to resume", folder.display()),
            _ => Ok(()),
        }
    }
}
