//! Baselines: runs saved under a name, to compare other runs with. They are in the folder
//! `baselines` next to `runs`, below the working directory: they belong to a project, and
//! you can commit them or put them into a CI cache. A baseline is a run like any other.
//! It is not part of hookbench's cache, which you may delete at any time.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use hookbench_results::Run;
use hookbench_results::store::{load, save};

use crate::run::folder::{Folder, Holds, holds};

/// The folder of all baselines.
const BASELINES: &str = "baselines";
/// The prefix that distinguishes a baseline's name from a folder.
const PREFIX: &str = "baseline:";
/// The longest name of a baseline, in bytes.
const LONGEST_NAME: usize = 64;

/// The folder of the baseline `name`, whether or not it exists.
///
/// # Errors
/// When the name is invalid. A valid one is the name of a folder directly in `baselines`.
pub fn folder(name: &str) -> Result<PathBuf> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._+-".contains(c);
    if name.is_empty()
        || name.len() > LONGEST_NAME
        || !name.chars().all(plain)
        || name.starts_with(['.', '-'])
    {
        bail!(
            "invalid name of a baseline: {:?} (use at most {LONGEST_NAME} letters, digits and . _ + -; do not \
             start with a dot or a dash)",
            name.chars().take(80).collect::<String>()
        );
    }
    Ok(Path::new(BASELINES).join(name))
}

/// The folder of the run `text`: a baseline as `baseline:NAME`, a folder, or a baseline
/// by its bare name if there is no such folder.
///
/// # Errors
/// When there is no such run; the error lists the baselines.
pub fn locate(text: &str) -> Result<PathBuf> {
    if let Some(name) = text.strip_prefix(PREFIX) {
        return existing(folder(name)?, text);
    }
    match Path::new(text) {
        path if path.is_dir() => existing(path.into(), text),
        _ => match folder(text) {
            Ok(folder) => existing(folder, text),
            Err(_) => existing(text.into(), text),
        },
    }
}

fn existing(folder: PathBuf, text: &str) -> Result<PathBuf> {
    if holds(&folder)? == Holds::Run {
        return Ok(folder);
    }
    let known = known();
    let known = if known.is_empty() { "none yet".into() } else { known.join(", ") };
    bail!("{text:?} is neither a folder with a run nor a baseline; known baselines: {known}")
}

/// The names of all baselines.
fn known() -> Vec<String> {
    let entries = fs::read_dir(BASELINES).into_iter().flatten().flatten();
    let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
    let mut names: Vec<String> = names.filter(|name| folder(name).is_ok()).collect();
    names.sort();
    names
}

/// Loads the run `text`, which [`locate`] resolves.
///
/// # Errors
/// When there is no such run, or it cannot be read.
pub fn open(text: &str) -> Result<Run> {
    load(&locate(text)?)
}

/// Saves `run` as the baseline `name`, replacing the baseline of that name. Returns its
/// folder.
///
/// # Errors
/// When it cannot be written, or another hookbench is writing it.
pub fn keep(run: &Run, name: &str) -> Result<PathBuf> {
    let folder = Folder::take(&folder(name)?)?;
    save(run, folder.path()).with_context(|| format!("failed to save the baseline {name}"))?;
    Ok(folder.path().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_baseline_cannot_lead_out_of_its_folder() {
        for name in ["main", "6.12-lean", "a_b+c", &"x".repeat(LONGEST_NAME)] {
            assert_eq!(folder(name).unwrap(), Path::new("baselines").join(name));
        }
        for name in
            ["", ".", "..", "../x", "a/b", "-x", ".x", "a b", "a\0", "é", &"x".repeat(LONGEST_NAME + 1)]
        {
            assert!(folder(name).unwrap_err().to_string().contains("letters, digits"), "{name:?}");
            assert!(locate(&format!("{PREFIX}{name}")).is_err(), "{name:?}");
        }
    }
}
