//! The files of running guests: one private folder per process, locked while the
//! process lives. Each new process removes the folders of dead ones. Even after
//! SIGKILL nothing stays for longer than until the next run.
//!
//! The lock is on the folder itself (`flock`). The kernel releases it however the
//! process ends, and systemd-tmpfiles respects it.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use rustix::fs::{Mode, OFlags};
use rustix::process::geteuid;
use tempfile::TempDir;

use super::flock::try_lock;

/// How often a new folder is tried.
const TRIES: u32 = 100;

/// The private folder of a process. Dropping it removes the folder.
#[derive(Debug)]
pub struct Scratch {
    folder: TempDir,
    /// Holds the lock as long as it is open.
    _lock: File,
}

impl Scratch {
    /// Makes a folder for this process, in `$XDG_RUNTIME_DIR` if that is private, else
    /// in the temporary folder. Removes the folders of dead processes in both.
    ///
    /// # Errors
    /// When no folder can be made there.
    pub fn open() -> Result<Scratch> {
        // Files that are too large for the other place are here, also those of dead processes.
        sweep(&std::env::temp_dir());
        let runtime = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
        match runtime.filter(|path| path.is_absolute() && is_private(path)) {
            // It may still be full or read-only.
            Some(runtime) => Scratch::below(&runtime).or_else(|_| Scratch::below(&std::env::temp_dir())),
            None => Scratch::below(&std::env::temp_dir()),
        }
    }

    /// Makes a folder for this process in `base`, and removes those of dead processes.
    ///
    /// # Errors
    /// When it cannot be made or locked.
    pub fn below(base: &Path) -> Result<Scratch> {
        sweep(base);
        // Another process may remove the folder before it is locked.
        for _ in 0..TRIES {
            let made = || -> io::Result<Option<Scratch>> {
                let folder = private(&format!("{}{}-", prefix(), std::process::id()), base)?;
                let lock = match open_folder(folder.path()) {
                    Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
                    opened => opened?,
                };
                // Where folders cannot be locked, no process removes them either.
                let held = try_lock(&lock).unwrap_or(true) && is_same(&lock, folder.path());
                Ok(held.then_some(Scratch { folder, _lock: lock }))
            };
            let made = made().with_context(|| {
                format!("failed to make a folder in {}; set TMPDIR to another folder", base.display())
            })?;
            if let Some(scratch) = made {
                return Ok(scratch);
            }
        }
        bail!("failed to lock a folder in {}: other processes removed {TRIES} new folders", base.display())
    }

    /// Makes a folder for the files of one guest. Dropping it removes the folder.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn folder(&self, name: &str) -> io::Result<TempDir> {
        private(&format!("{name}-"), self.path())
    }

    /// Returns the folder of this process.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.folder.path()
    }
}

/// Returns the beginning of the names of this user's folders.
fn prefix() -> String {
    format!("hookbench-{}-", user())
}

fn private(prefix: &str, base: &Path) -> io::Result<TempDir> {
    tempfile::Builder::new().prefix(prefix).permissions(fs::Permissions::from_mode(0o700)).tempdir_in(base)
}

fn user() -> u32 {
    geteuid().as_raw()
}

/// Whether `path` is a folder of this user that nobody else can enter.
fn is_private(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|metadata| is_ours(&metadata))
}

fn is_ours(metadata: &fs::Metadata) -> bool {
    metadata.is_dir() && metadata.uid() == user() && metadata.mode() & 0o077 == 0
}

/// Whether no other user can replace our folders in `base`. If others can write to
/// `base`, it needs the sticky bit, like /tmp.
fn is_safe(base: &Path) -> bool {
    let sticky = |mode| Mode::from_raw_mode(mode).contains(Mode::SVTX);
    fs::metadata(base).is_ok_and(|base| {
        let trusted = base.uid() == user() || base.uid() == 0;
        trusted && (base.mode() & 0o022 == 0 || sticky(base.mode()))
    })
}

/// Opens a folder, and does not follow a link.
fn open_folder(path: &Path) -> io::Result<File> {
    let flags = OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::RDONLY | OFlags::CLOEXEC;
    Ok(File::from(rustix::fs::open(path, flags, Mode::empty())?))
}

/// Whether `path` is still the folder that was opened.
fn is_same(folder: &File, path: &Path) -> bool {
    let id = |metadata: fs::Metadata| (metadata.dev(), metadata.ino());
    let (opened, there) = (folder.metadata().map(id), fs::symlink_metadata(path).map(id));
    matches!((opened, there), (Ok(opened), Ok(there)) if opened == there)
}

/// Removes the folders of dead processes in `base`. A folder that cannot be removed
/// only takes space.
fn sweep(base: &Path) {
    if !is_safe(base) {
        return;
    }
    let prefix = OsString::from(prefix());
    for entry in fs::read_dir(base).into_iter().flatten().flatten() {
        if !entry.file_name().as_encoded_bytes().starts_with(prefix.as_encoded_bytes()) {
            continue;
        }
        let Ok(folder) = open_folder(&entry.path()) else { continue };
        let dead = folder.metadata().is_ok_and(|metadata| is_ours(&metadata))
            && try_lock(&folder).unwrap_or(false)
            && is_same(&folder, &entry.path());
        if dead {
            // This removes links and not their targets, even while others replace
            // files by links. No other user can replace the folder itself.
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    fn names(base: &Path) -> Vec<OsString> {
        fs::read_dir(base).unwrap().map(|entry| entry.unwrap().file_name()).collect()
    }

    #[test]
    fn the_folder_is_private_and_vanishes() {
        let base = tempfile::tempdir().unwrap();
        let scratch = Scratch::below(base.path()).unwrap();
        let guest = scratch.folder("guest").unwrap();
        for path in [scratch.path(), guest.path()] {
            assert_eq!(fs::metadata(path).unwrap().mode() & 0o777, 0o700);
        }
        drop((guest, scratch));
        assert!(names(base.path()).is_empty());
    }

    #[test]
    fn folders_of_dead_processes_are_removed_and_those_of_living_ones_stay() {
        let base = tempfile::tempdir().unwrap();
        let living = Scratch::below(base.path()).unwrap();
        let dead = base.path().join(format!("{}1-aBcDeF", prefix()));
        fs::create_dir_all(dead.join("guest-1")).unwrap();
        fs::write(dead.join("guest-1/console"), "x").unwrap();
        fs::set_permissions(&dead, fs::Permissions::from_mode(0o700)).unwrap();
        let mine = Scratch::below(base.path()).unwrap();
        assert!(!dead.exists() && living.path().exists() && mine.path().exists());
    }

    #[test]
    fn links_and_the_folders_of_others_are_not_touched() {
        let base = tempfile::tempdir().unwrap();
        let precious = base.path().join("precious");
        fs::create_dir(&precious).unwrap();
        fs::write(precious.join("thesis"), "x").unwrap();
        fs::set_permissions(&precious, fs::Permissions::from_mode(0o700)).unwrap();
        // A link with the name of a folder, and one within a folder of a dead process.
        symlink(&precious, base.path().join(format!("{}1-link", prefix()))).unwrap();
        let dead = base.path().join(format!("{}2-dead", prefix()));
        fs::create_dir(&dead).unwrap();
        fs::set_permissions(&dead, fs::Permissions::from_mode(0o700)).unwrap();
        symlink(&precious, dead.join("guest")).unwrap();
        // hookbench never makes a folder that others can enter.
        let open = base.path().join(format!("{}3-open", prefix()));
        fs::create_dir(&open).unwrap();
        fs::set_permissions(&open, fs::Permissions::from_mode(0o755)).unwrap();
        let _mine = Scratch::below(base.path()).unwrap();
        assert!(precious.join("thesis").exists() && open.exists() && !dead.exists());
    }

    #[test]
    fn where_others_can_exchange_folders_nothing_is_swept() {
        let base = tempfile::tempdir().unwrap();
        let dead = base.path().join(format!("{}2-dead", prefix()));
        fs::create_dir(&dead).unwrap();
        fs::set_permissions(&dead, fs::Permissions::from_mode(0o700)).unwrap();
        for (mode, swept) in [(0o777, false), (0o1777, true)] {
            fs::set_permissions(base.path(), fs::Permissions::from_mode(mode)).unwrap();
            let _mine = Scratch::below(base.path()).unwrap();
            assert_eq!(!dead.exists(), swept);
        }
    }

    #[test]
    fn processes_that_begin_at_once_do_not_sweep_each_other() {
        let base = tempfile::tempdir().unwrap();
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    for _ in 0..40 {
                        let scratch = Scratch::below(base.path()).unwrap();
                        assert!(scratch.folder("guest").unwrap().path().exists());
                    }
                });
            }
        });
        assert!(names(base.path()).is_empty());
    }
}
