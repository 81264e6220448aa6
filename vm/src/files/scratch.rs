//! Where guests' files are while they run: one private folder for each process,
//! held by a lock for as long as the process lives. Whoever opens one removes
//! those whose owner is dead, so that not even SIGKILL leaves anything behind
//! for longer than until the next run.
//!
//! The lock is on the folder itself (`flock`), which the kernel gives back
//! however the process ends, and which systemd-tmpfiles respects as well.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, PermissionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use tempfile::TempDir;

use crate::files::flock::flock;

/// A process's private folder; removed when dropped.
#[derive(Debug)]
pub struct Scratch {
    folder: TempDir,
    /// Kept open, for with it the lock is given back.
    _lock: File,
}

impl Scratch {
    /// Makes this process a folder, below `$XDG_RUNTIME_DIR` if that is as private as
    /// it should be, else in the temporary folder; and sweeps what dead processes left.
    ///
    /// # Errors
    /// When no folder can be made there.
    pub fn open() -> Result<Scratch> {
        // What is too large for the other place is here, also that of the dead.
        sweep(&std::env::temp_dir());
        let runtime = std::env::var_os("XDG_RUNTIME_DIR").map(PathBuf::from);
        match runtime.filter(|path| path.is_absolute() && is_private(path)) {
            // It may be full or read-only all the same.
            Some(runtime) => Scratch::below(&runtime).or_else(|_| Scratch::below(&std::env::temp_dir())),
            None => Scratch::below(&std::env::temp_dir()),
        }
    }

    /// Makes this process a folder in `base`, after sweeping there.
    ///
    /// # Errors
    /// When it cannot be made or locked.
    pub fn below(base: &Path) -> Result<Scratch> {
        sweep(base);
        // Another process may take a folder for a dead one's before it is locked.
        for _ in 0..100 {
            let made = || -> io::Result<Option<Scratch>> {
                let folder = private(&format!("{}{}-", prefix(), std::process::id()), base)?;
                let lock = match open_folder(folder.path()) {
                    Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
                    opened => opened?,
                };
                // Where folders cannot be locked nobody can sweep them either.
                let held = lock_now(&lock).unwrap_or(true) && is_same(&lock, folder.path());
                Ok(held.then_some(Scratch { folder, _lock: lock }))
            };
            let made = made().with_context(|| {
                format!("failed to make a folder in {}; set TMPDIR to another place", base.display())
            })?;
            if let Some(scratch) = made {
                return Ok(scratch);
            }
        }
        bail!("failed to lock a folder in {}: others take each as it is made", base.display())
    }

    /// A new folder for one guest's files, removed when dropped.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn folder(&self, name: &str) -> io::Result<TempDir> {
        private(&format!("{name}-"), self.path())
    }

    /// The folder of this process.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.folder.path()
    }
}

/// How the folders of this user begin.
fn prefix() -> String {
    format!("hookbench-{}-", user())
}

fn private(prefix: &str, base: &Path) -> io::Result<TempDir> {
    tempfile::Builder::new().prefix(prefix).permissions(fs::Permissions::from_mode(0o700)).tempdir_in(base)
}

fn user() -> u32 {
    // SAFETY: the call has no arguments and cannot fail.
    unsafe { libc::geteuid() }
}

/// Whether `path` is a folder of this user that nobody else can enter.
fn is_private(path: &Path) -> bool {
    fs::symlink_metadata(path).is_ok_and(|metadata| is_ours(&metadata))
}

fn is_ours(metadata: &fs::Metadata) -> bool {
    metadata.is_dir() && metadata.uid() == user() && metadata.mode() & 0o077 == 0
}

/// Whether nobody else can exchange our folders in `base`: in a folder that
/// others can write it takes the sticky bit, as of /tmp.
fn is_safe(base: &Path) -> bool {
    let sticky = |mode| mode & libc::S_ISVTX != 0;
    fs::metadata(base).is_ok_and(|base| {
        let trusted = base.uid() == user() || base.uid() == 0;
        trusted && (base.mode() & 0o022 == 0 || sticky(base.mode()))
    })
}

/// Opens a folder, never what a link points to.
fn open_folder(path: &Path) -> io::Result<File> {
    let flags = libc::O_DIRECTORY | libc::O_NOFOLLOW | libc::O_NONBLOCK;
    OpenOptions::new().read(true).custom_flags(flags).open(path)
}

/// Whether the lock was free; it is then held until `folder` is closed.
fn lock_now(folder: &File) -> io::Result<bool> {
    flock(folder, libc::LOCK_EX | libc::LOCK_NB)
}

/// Whether `path` is still the folder that was opened.
fn is_same(folder: &File, path: &Path) -> bool {
    let id = |metadata: fs::Metadata| (metadata.dev(), metadata.ino());
    let (opened, there) = (folder.metadata().map(id), fs::symlink_metadata(path).map(id));
    matches!((opened, there), (Ok(opened), Ok(there)) if opened == there)
}

/// Removes the folders in `base` whose owner is dead. What cannot be removed stays:
/// it is only in the way of space.
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
            && lock_now(&folder).unwrap_or(false)
            && is_same(&folder, &entry.path());
        if dead {
            // It removes links and not what they point to, also while others
            // exchange them; and nobody else can exchange the folder itself.
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
    fn what_the_dead_left_is_swept_and_the_living_keep_theirs() {
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
        // A link with the name of a folder, and one within a folder of the dead.
        symlink(&precious, base.path().join(format!("{}1-link", prefix()))).unwrap();
        let dead = base.path().join(format!("{}2-dead", prefix()));
        fs::create_dir(&dead).unwrap();
        fs::set_permissions(&dead, fs::Permissions::from_mode(0o700)).unwrap();
        symlink(&precious, dead.join("guest")).unwrap();
        // One that others can enter is none that was made here.
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
