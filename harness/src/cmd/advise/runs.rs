//! The stored runs that an answer is derived from: those that the user names, or the published ones.

use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow};
use hookbench_results::Run;
use hookbench_results::store::{RUN_FILE, load};

use crate::baseline;
use crate::cmd::usage;

/// The published runs: of scenarios, and of workloads.
const PUBLISHED: [&str; 2] = ["results/published/scenarios", "results/published/full"];

/// How to get runs.
pub(super) const HOW: &str = "hookbench scenario run makes verdicts, and hookbench run --plan full costs; name the \
                              folders of both with --from";

/// Loads the runs called `names`, or the published ones that there are.
///
/// # Errors
/// A usage error when a run does not exist, or when there are no published ones; otherwise when one cannot be read.
pub(super) fn open(names: &[String]) -> Result<Vec<Run>> {
    let folders: Vec<PathBuf> = match names {
        [] => published()?,
        names => names.iter().map(|name| folder(name)).collect::<Result<_>>()?,
    };
    let open = |folder: &PathBuf| {
        load(folder).with_context(|| format!("failed to read the run in {}", folder.display()))
    };
    folders.iter().map(open).collect()
}

fn published() -> Result<Vec<PathBuf>> {
    let there: Vec<PathBuf> =
        PUBLISHED.iter().map(PathBuf::from).filter(|folder| folder.join(RUN_FILE).exists()).collect();
    match there.is_empty() {
        true => Err(usage(anyhow!("no published runs in {}; {HOW}", PUBLISHED.join(" and ")))),
        false => Ok(there),
    }
}

/// The folder of the run called `name`, which may be its `run.json`.
fn folder(name: &str) -> Result<PathBuf> {
    let path = Path::new(name);
    let is_file = path.file_name().is_some_and(|file| file == RUN_FILE) && path.is_file();
    let folder = path.parent().filter(|_| is_file);
    match folder {
        Some(folder) if folder.as_os_str().is_empty() => Ok(".".into()),
        Some(folder) => Ok(folder.into()),
        None => baseline::locate(name).map_err(usage),
    }
}
