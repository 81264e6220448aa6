//! The folder of a run: its name, its lock, and what an interrupted run left in it. The
//! store knows the contents of its files.
//!
//! Users share results, so the folder and its files have the modes that the umask gives.
//! Private files are in the cache and in the folders of guests.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use hookbench_results::store::{JOURNAL_FILE, RUN_FILE, SAMPLES_FILE, is_part, sweep};
use hookbench_vm::flock::try_lock;

/// The folder for runs without `--out`.
const RUNS: &str = "runs";
/// The longest name that hookbench gives a folder, in characters.
const LONGEST_NAME: usize = 64;

/// A run's folder. No other hookbench writes into it while this value lives.
#[derive(Debug)]
pub struct Folder {
    path: PathBuf,
    _lock: File,
}

/// What is in a folder.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holds {
    /// There is no such folder.
    Nothing,
    /// No file, or only what a run leaves that ended before it wrote its description.
    Beginning,
    /// A run, complete or interrupted.
    Run,
    /// Files that do not belong to a run.
    Others,
}

impl Folder {
    /// Creates the folder `path` if it does not exist, locks it, and removes files that a
    /// killed process left half written.
    ///
    /// # Errors
    /// When it cannot be created, or another hookbench is writing into it.
    pub fn take(path: &Path) -> Result<Folder> {
        fs::create_dir_all(path)
            .with_context(|| format!("failed to create the folder {}", path.display()))?;
        let lock = lock(path)?;
        sweep(path)?;
        Ok(Folder { path: path.into(), _lock: lock })
    }

    /// Creates and locks the first free folder for the plan below `runs`.
    ///
    /// # Errors
    /// When no folder can be created.
    pub fn free(plan: &str) -> Result<Folder> {
        Folder::free_below(Path::new(RUNS), plan)
    }

    fn free_below(runs: &Path, plan: &str) -> Result<Folder> {
        fs::create_dir_all(runs)
            .with_context(|| format!("failed to create the folder {}", runs.display()))?;
        let name = name(plan);
        for number in 1..=u32::MAX {
            let path = runs.join(format!("{name}-{number}"));
            // Creating it claims it: two runs that begin at the same time get two folders.
            match fs::create_dir(&path) {
                Ok(()) => return Folder::take(&path),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => {
                    return Err(error)
                        .with_context(|| format!("failed to create the folder {}", path.display()));
                }
            }
        }
        bail!("no free folder below {}", runs.display())
    }

    /// The path of the folder.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// Tells what is in the folder `path`.
///
/// # Errors
/// When it cannot be read.
pub fn holds(path: &Path) -> Result<Holds> {
    let entries = match fs::read_dir(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Holds::Nothing),
        entries => entries.with_context(|| format!("failed to read the folder {}", path.display()))?,
    };
    let mut what = Holds::Beginning;
    for entry in entries {
        let name =
            entry.with_context(|| format!("failed to read the folder {}", path.display()))?.file_name();
        match &*name.to_string_lossy() {
            // The journal is created after `run.json`.
            RUN_FILE | JOURNAL_FILE => return Ok(Holds::Run),
            SAMPLES_FILE => {}
            name if is_part(name) => {}
            _ => what = Holds::Others,
        }
    }
    Ok(what)
}

/// Locks a run's folder. The kernel releases the lock when the process ends.
fn lock(path: &Path) -> Result<File> {
    let folder = File::open(path).with_context(|| format!("failed to open the folder {}", path.display()))?;
    // Some network file systems cannot lock folders; there, the run continues without a lock.
    if !try_lock(&folder).unwrap_or(true) {
        bail!(
            "another hookbench is writing into {}; wait until it ends, or choose another folder",
            path.display()
        );
    }
    Ok(folder)
}

/// Makes a plan's name safe as part of a folder's name: it cannot lead out of the parent
/// folder, look like an option, or be too long. A plan's name may be any path or text.
fn name(plan: &str) -> String {
    let last = plan.rsplit('/').next().unwrap_or_default();
    let last = last.strip_suffix(".toml").unwrap_or(last);
    let plain = |c: char| if c.is_ascii_alphanumeric() || "._+".contains(c) { c } else { '-' };
    let name: String = last.chars().map(plain).take(LONGEST_NAME).collect();
    let name = name.trim_matches(['-', '.']);
    if name.is_empty() { "plan".into() } else { name.into() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[test]
    fn the_name_of_a_plan_cannot_lead_out_of_runs() {
        for (plan, folder) in [
            ("quick", "quick"),
            ("plans/my own.toml", "my-own"),
            ("full-6.12", "full-6.12"),
            ("../../x", "x"),
            ("/etc/passwd", "passwd"),
            ("..", "plan"),
            ("a/..", "plan"),
            ("", "plan"),
            ("--out", "out"),
            ("a\0b\n\u{1b}[2J", "a-b---2J"),
            ("été", "t"),
        ] {
            assert_eq!(name(plan), folder, "{plan:?}");
        }
        assert_eq!(name(&"x".repeat(10_000)).len(), LONGEST_NAME);
    }

    #[test]
    fn the_folder_of_any_plan_is_directly_below_runs() {
        let base = tempfile::tempdir().unwrap();
        let runs = base.path().join("runs");
        for plan in ["../../x", "/etc/x", "nul\0", &"long".repeat(999), "..", "x"] {
            let folder = Folder::free_below(&runs, plan).unwrap();
            assert_eq!(folder.path().parent(), Some(runs.as_path()), "{plan:?}");
            assert_eq!(
                folder.path().canonicalize().unwrap(),
                runs.canonicalize().unwrap().join(folder.path().file_name().unwrap())
            );
        }
        assert_eq!(fs::read_dir(base.path()).unwrap().count(), 1);
        assert!(runs.join("x-3").is_dir());
    }

    #[test]
    fn two_runs_do_not_write_into_one_folder() {
        let base = tempfile::tempdir().unwrap();
        let first = Folder::take(base.path()).unwrap();
        let error = Folder::take(base.path()).unwrap_err().to_string();
        assert!(error.contains("another hookbench"), "{error}");
        drop(first);
        Folder::take(base.path()).unwrap();
    }

    #[test]
    fn a_folder_and_its_files_have_the_modes_of_the_umask() {
        let base = tempfile::tempdir().unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        let plain = base.path().join("plain");
        fs::create_dir(&plain).unwrap();
        let run = Folder::take(&base.path().join("run")).unwrap();
        assert_eq!(mode(run.path()), mode(&plain));
        fs::write(base.path().join("file"), "").unwrap();
        hookbench_results::store::write_whole(&run.path().join(RUN_FILE), b"{}").unwrap();
        assert_eq!(mode(&run.path().join(RUN_FILE)), mode(&base.path().join("file")));
    }

    #[test]
    fn the_files_in_a_folder_tell_what_it_holds() {
        let base = tempfile::tempdir().unwrap();
        let folder = base.path().join("run");
        assert_eq!(holds(&folder).unwrap(), Holds::Nothing);
        fs::create_dir(&folder).unwrap();
        for (file, what) in [
            ("samples.csv.zst.part-7", Holds::Beginning),
            (SAMPLES_FILE, Holds::Beginning),
            (RUN_FILE, Holds::Run),
        ] {
            fs::write(folder.join(file), "").unwrap();
            assert_eq!(holds(&folder).unwrap(), what);
        }
        fs::write(base.path().join("thesis.tex"), "").unwrap();
        assert_eq!(holds(base.path()).unwrap(), Holds::Others);
    }
}
