//! Baselines: runs that are kept under a name, for others to be compared with. They lie
//! in `baselines` beside `runs`, below the folder that one works in: they belong to a
//! project like its runs do, can be put into its repository or a CI's cache, and are
//! runs like any other. They are no part of hookbench's own cache, which may be removed.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use hookbench_results::Run;
use hookbench_results::store::{load, save};

use crate::folder::{Folder, Holds, holds};

/// Where they are.
const BASELINES: &str = "baselines";
/// What stands before a baseline's name where a folder could be meant as well.
const PREFIX: &str = "baseline:";
/// No name is longer.
const LONGEST_NAME: usize = 64;

/// The folder of the baseline `name`, whether there is one or not.
///
/// # Errors
/// When it is no name: it has to be a folder's, and lead nowhere else.
pub fn folder(name: &str) -> Result<PathBuf> {
    let plain = |c: char| c.is_ascii_alphanumeric() || "._+-".contains(c);
    if name.is_empty()
        || name.len() > LONGEST_NAME
        || !name.chars().all(plain)
        || name.starts_with(['.', '-'])
    {
        bail!(
            "not a baseline's name: {:?} (letters, digits and . _ + -, at most {LONGEST_NAME}, and neither a dot \
             nor a dash first)",
            name.chars().take(80).collect::<String>()
        );
    }
    Ok(Path::new(BASELINES).join(name))
}

/// The folder of the run that `text` means: a baseline by `baseline:NAME`, a folder, or
/// a baseline by its name alone where there is no such folder.
///
/// # Errors
/// When there is none; the error says which baselines there are.
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
    let known = if known.is_empty() { "there are none yet".into() } else { known.join(", ") };
    bail!("{text:?} is neither a folder with a run nor a baseline; baselines: {known}")
}

/// The names of the baselines there are.
fn known() -> Vec<String> {
    let entries = fs::read_dir(BASELINES).into_iter().flatten().flatten();
    let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
    let mut names: Vec<String> = names.filter(|name| folder(name).is_ok()).collect();
    names.sort();
    names
}

/// The run that `text` means, as [`locate`] has it.
///
/// # Errors
/// When there is none, or it cannot be read.
pub fn open(text: &str) -> Result<Run> {
    load(&locate(text)?)
}

/// Keeps `run` as the baseline `name`, instead of what was kept under that name; gives
/// its folder.
///
/// # Errors
/// When it cannot be written, or another hookbench is writing it.
pub fn keep(run: &Run, name: &str) -> Result<PathBuf> {
    let folder = Folder::take(&folder(name)?)?;
    save(run, folder.path()).with_context(|| format!("failed to keep the baseline {name}"))?;
    Ok(folder.path().into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_leads_nowhere_else() {
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
