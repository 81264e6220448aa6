//! The cache folder: where kernels and packages stay between runs, and the lock
//! that keeps two hookbenches from filling it at once. What lies in it is known
//! to those who put it there.

use std::env;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// The variable that names another cache folder.
pub const VARIABLE: &str = "HOOKBENCH_CACHE";

/// How the names of folders begin that are being made.
const SCRATCH: &str = "part-";

/// A folder that is there and that only its owner can read.
#[derive(Debug, Clone)]
pub struct Cache {
    root: PathBuf,
}

impl Cache {
    /// The user's cache: `$HOOKBENCH_CACHE`, else `$XDG_CACHE_HOME/hookbench`,
    /// else `~/.cache/hookbench`. It is made when missing.
    ///
    /// # Errors
    /// When none of the three is set, or the folder cannot be made.
    pub fn open() -> Result<Cache> {
        let root = location(|name| env::var_os(name).map(PathBuf::from)).with_context(|| {
            format!("no place for the cache: neither HOME nor XDG_CACHE_HOME is set; set {VARIABLE}")
        })?;
        Cache::at(&root)
    }

    /// The cache in `root`, made when missing.
    ///
    /// # Errors
    /// When the folder cannot be made.
    pub fn at(root: &Path) -> Result<Cache> {
        let root = std::path::absolute(root)
            .with_context(|| format!("failed to find the cache folder {}", root.display()))?;
        make_folder(&root)?;
        Ok(Cache { root })
    }

    /// The cache's folder, absolute.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Makes the folder `name` below the cache when it is missing.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn folder(&self, name: impl AsRef<Path>) -> Result<PathBuf> {
        let path = self.root.join(name);
        make_folder(&path)?;
        Ok(path)
    }

    /// Waits until nobody else fills the cache, and keeps others out until dropped.
    ///
    /// # Errors
    /// When the lock file cannot be made or locked.
    pub fn lock(&self, progress: &dyn Fn(&str)) -> Result<Lock> {
        let path = self.root.join("lock");
        let context = || format!("failed to lock {}", path.display());
        let file =
            OpenOptions::new().create(true).truncate(false).write(true).open(&path).with_context(context)?;
        if !flock(&file, libc::LOCK_EX | libc::LOCK_NB).with_context(context)? {
            progress("waiting for another hookbench that is filling the cache");
            flock(&file, libc::LOCK_EX).with_context(context)?;
        }
        let lock = Lock { root: self.root.clone(), _file: file };
        lock.sweep();
        Ok(lock)
    }
}

/// The right to fill the cache; given back when dropped.
#[derive(Debug)]
pub struct Lock {
    root: PathBuf,
    _file: File,
}

impl Lock {
    /// The cache's folder, absolute.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// A new empty folder that vanishes when dropped, on the same file system
    /// as the rest of the cache, so that what is made in it can be moved.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn scratch(&self) -> Result<tempfile::TempDir> {
        tempfile::Builder::new()
            .prefix(SCRATCH)
            .tempdir_in(&self.root)
            .with_context(|| format!("failed to make a folder in {}", self.root.display()))
    }

    /// Puts the folder `made` in the place of `path`, whole.
    ///
    /// # Errors
    /// When the old one cannot be removed or the new one not moved.
    pub fn publish(&self, made: tempfile::TempDir, path: &Path) -> Result<()> {
        let moved = || -> io::Result<()> {
            if path.exists() {
                fs::remove_dir_all(path)?;
            }
            fs::rename(made.path(), path)
        };
        moved().with_context(|| format!("failed to put {} in its place", path.display()))?;
        // Moved away: there is nothing left to be removed.
        let _ = made.keep();
        Ok(())
    }

    /// Removes what an interrupted hookbench left: under the lock it is nobody's.
    fn sweep(&self) {
        for entry in fs::read_dir(&self.root).into_iter().flatten().flatten() {
            if entry.file_name().to_string_lossy().starts_with(SCRATCH) {
                // What cannot be removed is only in the way of space.
                let _ = fs::remove_dir_all(entry.path());
            }
        }
    }
}

/// Says whether the lock was got; not getting it is possible with `LOCK_NB` only.
fn flock(file: &File, operation: i32) -> io::Result<bool> {
    loop {
        // SAFETY: flock takes a descriptor, which `file` keeps open, and flags;
        // it touches no memory of ours.
        if unsafe { libc::flock(file.as_raw_fd(), operation) } == 0 {
            return Ok(true);
        }
        let error = io::Error::last_os_error();
        match error.kind() {
            io::ErrorKind::WouldBlock => return Ok(false),
            io::ErrorKind::Interrupted => {}
            _ => return Err(error),
        }
    }
}

/// Makes `path` and what is missing above it, for the owner only.
pub(crate) fn make_folder(path: &Path) -> Result<()> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .with_context(|| format!("failed to make the cache folder {}", path.display()))
}

fn location(variable: impl Fn(&str) -> Option<PathBuf>) -> Option<PathBuf> {
    let set = |name: &str| variable(name).filter(|path| !path.as_os_str().is_empty());
    set(VARIABLE)
        // The XDG specification: a relative path is to be ignored.
        .or_else(|| Some(set("XDG_CACHE_HOME").filter(|path| path.is_absolute())?.join("hookbench")))
        .or_else(|| Some(set("HOME")?.join(".cache/hookbench")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    fn found(variables: &[(&str, &str)]) -> Option<String> {
        let path = location(|name| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| PathBuf::from(value))
        });
        path.map(|path| path.display().to_string())
    }

    #[test]
    fn the_nearest_variable_names_the_cache() {
        let home = ("HOME", "/home/a");
        assert_eq!(found(&[home, (VARIABLE, "here")]).as_deref(), Some("here"));
        assert_eq!(found(&[home, ("XDG_CACHE_HOME", "/c")]).as_deref(), Some("/c/hookbench"));
        let ignored = [home, ("XDG_CACHE_HOME", "c"), (VARIABLE, "")];
        assert_eq!(found(&ignored).as_deref(), Some("/home/a/.cache/hookbench"));
        assert_eq!(found(&[]), None);
    }

    #[test]
    fn the_folder_is_private_and_published_whole() {
        let temporary = tempfile::tempdir().unwrap();
        let cache = Cache::at(&temporary.path().join("a/b")).unwrap();
        assert_eq!(fs::metadata(cache.root()).unwrap().permissions().mode() & 0o777, 0o700);
        let target = cache.root().join("kernel");
        for text in ["old", "new"] {
            let lock = cache.lock(&|_| ()).unwrap();
            let made = lock.scratch().unwrap();
            fs::write(made.path().join("file"), text).unwrap();
            lock.publish(made, &target).unwrap();
        }
        assert_eq!(fs::read_to_string(target.join("file")).unwrap(), "new");
    }

    #[test]
    fn what_was_left_half_made_is_swept_away() {
        let temporary = tempfile::tempdir().unwrap();
        let cache = Cache::at(temporary.path()).unwrap();
        let left = cache.lock(&|_| ()).unwrap().scratch().unwrap().keep();
        let kept = cache.folder("kernels").unwrap();
        cache.lock(&|_| ()).unwrap();
        assert!(!left.exists() && kept.exists());
    }

    #[test]
    fn a_second_lock_waits_and_says_so() {
        let temporary = tempfile::tempdir().unwrap();
        let cache = Cache::at(temporary.path()).unwrap();
        let held = cache.lock(&|_| ()).unwrap();
        std::thread::scope(|scope| {
            let (said, heard) = std::sync::mpsc::channel();
            let cache = &cache;
            let waiter = scope.spawn(move || {
                cache.lock(&|line| said.send(line.to_owned()).unwrap()).unwrap();
            });
            assert!(heard.recv().unwrap().contains("waiting"));
            drop(held);
            waiter.join().unwrap();
        });
    }

    #[test]
    fn a_folder_that_cannot_be_made_is_named() {
        let error = Cache::at(Path::new("/dev/null/cache")).unwrap_err().to_string();
        assert!(error.contains("/dev/null/cache"), "{error}");
    }
}
