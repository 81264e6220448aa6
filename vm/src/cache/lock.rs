//! The right to fill the cache and to remove from it: one hookbench at a time.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use super::entry::{Entry, MANIFEST};
use super::lease::Lease;
use super::{Cache, Item, Kind, SCRATCH, VARIABLE, Wanted, tree};
use crate::files::flock::flock;

/// How often, and how far apart, it is tried to replace what is in use.
const TRIES: u32 = 20;
const PAUSE: Duration = Duration::from_millis(100);

/// The right to fill the cache; given back when dropped.
#[derive(Debug)]
pub struct Lock {
    cache: Cache,
    _file: File,
}

impl Lock {
    /// Waits until it is ours. What an interrupted hookbench left is removed.
    pub(super) fn take(cache: &Cache, progress: &dyn Fn(&str)) -> Result<Lock> {
        let path = cache.root().join("lock");
        let mut options = OpenOptions::new();
        options.create(true).truncate(false).write(true).mode(0o600);
        let file = options.open(&path).with_context(|| unwritable(cache.root()))?;
        let context = || format!("failed to lock {}", path.display());
        if !flock(&file, libc::LOCK_EX | libc::LOCK_NB).with_context(context)? {
            progress("waiting for another hookbench that is filling the cache");
            flock(&file, libc::LOCK_EX).with_context(context)?;
        }
        let lock = Lock { cache: cache.clone(), _file: file };
        lock.sweep();
        Ok(lock)
    }

    /// The cache's folder, absolute.
    #[must_use]
    pub fn root(&self) -> &Path {
        self.cache.root()
    }

    /// A new empty folder that vanishes when dropped, on the same file system
    /// as the rest of the cache, so that what is made in it can be moved.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn scratch(&self) -> Result<tempfile::TempDir> {
        tempfile::Builder::new()
            .prefix(SCRATCH)
            .tempdir_in(self.root())
            .with_context(|| unwritable(self.root()))
    }

    /// Makes the folder `made` the entry that is `wanted`, in place of what was
    /// there. When its kind then takes more room than it may, the entries that
    /// were not used for longest go, unless they are in use.
    ///
    /// # Errors
    /// When its files cannot be read, what is there is in use, or it cannot be
    /// moved. Not when nothing can be removed for it.
    pub fn publish(
        &self,
        made: tempfile::TempDir,
        wanted: &Wanted<'_>,
        about: &str,
        progress: &dyn Fn(&str),
    ) -> Result<Lease> {
        Entry::seal(made.path(), about, wanted.source)?;
        let path = self.cache.path(wanted)?;
        self.make_folder_of(wanted.kind)?;
        ensure!(
            self.make_way(wanted)?,
            "{} has to be made again, but another hookbench is using it; wait until that has ended, \
             or set {VARIABLE} to another folder",
            path.display()
        );
        fs::rename(made.path(), &path)
            .with_context(|| format!("failed to put {} in its place", path.display()))?;
        // Moved away: there is nothing left to be removed.
        let _ = made.keep();
        let lease = Lease::take(&path).with_context(|| format!("{} vanished; try again", path.display()))?;
        lease.touch();
        if let Err(error) = self.bound(wanted, progress) {
            progress(&format!("the cache's {} take more room than they should: {error:#}", wanted.kind.name));
        }
        Ok(lease)
    }

    /// Removes the entry, or whatever else has its place; says whether it is
    /// gone, which it is not when it is in use.
    ///
    /// # Errors
    /// When it cannot be removed.
    pub fn remove(&self, kind: Kind, name: &str) -> Result<bool> {
        let path = self.root().join(kind.name).join(name);
        removed(&path).with_context(|| format!("failed to remove {}", path.display()))
    }

    /// The folder of a kind, private also where an older hookbench made it.
    fn make_folder_of(&self, kind: Kind) -> Result<()> {
        let path = self.root().join(kind.name);
        tree::make_folder(&path)?;
        fs::set_permissions(&path, Permissions::from_mode(0o700))
            .with_context(|| format!("failed to make {} private", path.display()))
    }

    /// Removes what has the place of what is wanted; says whether it is gone.
    /// Someone may be looking at it only to find that it cannot be used: that
    /// does not take long.
    fn make_way(&self, wanted: &Wanted<'_>) -> Result<bool> {
        for _ in 0..TRIES {
            if self.remove(wanted.kind, wanted.key)? {
                return Ok(true);
            }
            thread::sleep(PAUSE);
        }
        Ok(false)
    }

    /// Keeps the kind of what was just published below its limit.
    fn bound(&self, new: &Wanted<'_>, progress: &dyn Fn(&str)) -> Result<()> {
        let Some(limit) = self.cache.limit(new.kind) else {
            return Ok(());
        };
        let mut items = self.cache.items_of(new.kind)?;
        items.sort_by_key(|item| item.used);
        let mut taken: u64 = items.iter().map(|item| item.bytes).sum();
        for Item { name, bytes, .. } in items.iter().filter(|item| item.name != new.key) {
            if taken <= limit {
                break;
            }
            let (kind, limit) = (new.kind.name, limit / super::MIB);
            if self.remove(new.kind, name)? {
                taken -= bytes;
                progress(&format!("removed {kind}/{name}: the cache keeps {limit} MiB of {kind}"));
            } else {
                progress(&format!(
                    "kept {kind}/{name} beyond the {limit} MiB of {kind}: another hookbench is using it"
                ));
            }
        }
        Ok(())
    }

    /// Removes what an interrupted hookbench left: under the lock it is nobody's.
    fn sweep(&self) {
        for entry in fs::read_dir(self.root()).into_iter().flatten().flatten() {
            if entry.file_name().to_string_lossy().starts_with(SCRATCH) {
                // What cannot be removed is only in the way of space.
                let _ = fs::remove_dir_all(entry.path());
            }
        }
    }
}

/// Removes `path` unless it is an entry with a lease. Nothing is moved first,
/// so that it can be done on a full disk.
fn removed(path: &Path) -> io::Result<bool> {
    let manifest = path.join(MANIFEST);
    match File::open(&manifest) {
        Ok(held) => {
            if !flock(&held, libc::LOCK_EX | libc::LOCK_NB)? {
                return Ok(false);
            }
            // Without it, it is an entry no more, should we be interrupted.
            fs::remove_file(&manifest)?;
        }
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {}
        Err(error) => return Err(error),
    }
    let gone = match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
        Err(error) => Err(error),
    };
    match gone {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(true),
    }
}

fn unwritable(root: &Path) -> String {
    format!(
        "cannot write to the cache folder {}; check it, or set {VARIABLE} to a folder that can be written",
        root.display()
    )
}
