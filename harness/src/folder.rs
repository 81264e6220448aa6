//! The folder of a run: its name, who may write into it, and what an
//! interrupted run left in it. What its files hold is the store's business.
//!
//! Results are the user's own, to be shared: folder and files have the modes
//! that the umask says. What is private is elsewhere, in the cache and in the
//! guests' folders.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use hookbench_results::store::{JOURNAL_FILE, RUN_FILE, SAMPLES_FILE, is_part, sweep};
use hookbench_vm::flock::try_lock;

/// Where runs go that are given no folder.
const RUNS: &str = "runs";
/// No name of a folder is made longer.
const LONGEST_NAME: usize = 64;

/// A run's folder that nobody else writes into as long as this lives.
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
    /// No file, or what a run leaves that was ended as it began.
    Beginning,
    /// A run, whole or interrupted.
    Run,
    /// Files, but not of a run.
    Others,
}

impl Folder {
    /// Makes the folder `path` if it is missing, takes it, and removes what a killed
    /// process left half written.
    ///
    /// # Errors
    /// When it cannot be made, or another hookbench writes into it.
    pub fn take(path: &Path) -> Result<Folder> {
        fs::create_dir_all(path).with_context(|| format!("failed to make the folder {}", path.display()))?;
        let lock = lock(path)?;
        sweep(path)?;
        Ok(Folder { path: path.into(), _lock: lock })
    }

    /// Makes and takes the first free folder of a plan below `runs`.
    ///
    /// # Errors
    /// When none can be made.
    pub fn free(plan: &str) -> Result<Folder> {
        Folder::free_below(Path::new(RUNS), plan)
    }

    fn free_below(runs: &Path, plan: &str) -> Result<Folder> {
        fs::create_dir_all(runs).with_context(|| format!("failed to make the folder {}", runs.display()))?;
        let name = name(plan);
        for number in 1..=u32::MAX {
            let path = runs.join(format!("{name}-{number}"));
            // Making it is what takes it: two runs that begin at once get two.
            match fs::create_dir(&path) {
                Ok(()) => return Folder::take(&path),
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => {
                    return Err(error)
                        .with_context(|| format!("failed to make the folder {}", path.display()));
                }
            }
        }
        bail!("no free folder below {}", runs.display())
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// What is in the folder `path`.
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
            // The journal is made after `run.json`.
            RUN_FILE | JOURNAL_FILE => return Ok(Holds::Run),
            SAMPLES_FILE => {}
            name if is_part(name) => {}
            _ => what = Holds::Others,
        }
    }
    Ok(what)
}

/// The lock on a run's folder. It is the kernel's, and ends with the process.
fn lock(path: &Path) -> Result<File> {
    let folder = File::open(path).with_context(|| format!("failed to open the folder {}", path.display()))?;
    // Where folders cannot be locked, as on some networks' file systems, it goes without.
    if !try_lock(&folder).unwrap_or(true) {
        bail!(
            "another hookbench is writing into {}; wait for its end, or give another folder",
            path.display()
        );
    }
    Ok(folder)
}

/// A plan's name as part of a folder's: one that leads nowhere else, is no option
/// and is not too long. A plan's name may be a path, and anybody's.
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
    fn a_plan_s_name_leads_nowhere_else() {
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
    fn whatever_a_plan_is_called_its_folder_is_below_runs() {
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
    fn a_folder_has_the_modes_that_the_umask_says() {
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
    fn what_a_folder_holds_is_told_by_its_files() {
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
