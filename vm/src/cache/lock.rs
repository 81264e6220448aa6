//! The lock of the cache: the right to fill the cache and to remove entries, for one
//! process at a time.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io;
use std::os::unix::fs::{OpenOptionsExt, PermissionsExt};
use std::path::Path;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, ensure};

use super::entry::{Entry, MANIFEST};
use super::folder::{Cache, SCRATCH, VARIABLE, Wanted};
use super::items::Item;
use super::kind::{Kind, MIB};
use super::lease::Lease;
use super::tree;
use crate::files::flock::{lock, try_lock};

/// How often, and after which pauses, hookbench tries to replace an entry in use.
const TRIES: u32 = 20;
const PAUSE: Duration = Duration::from_millis(100);

/// The lock of the cache. Dropping it unlocks the cache.
#[derive(Debug)]
pub struct Lock {
    cache: Cache,
    _file: File,
}

impl Lock {
    /// Waits for the lock, and removes what an interrupted process left.
    pub(super) fn take(cache: &Cache, progress: &dyn Fn(&str)) -> Result<Lock> {
        let path = cache.root().join("lock");
        let mut options = OpenOptions::new();
        options.create(true).truncate(false).write(true).mode(0o600);
        let file = options.open(&path).with_context(|| unwritable(cache.root()))?;
        let context = || format!("failed to lock {}", path.display());
        if !try_lock(&file).with_context(context)? {
            progress("waiting for another hookbench that is filling the cache");
            lock(&file).with_context(context)?;
        }
        let taken = Lock { cache: cache.clone(), _file: file };
        taken.sweep();
        Ok(taken)
    }

    /// Returns the cache's folder, absolute.
    #[must_use]
    pub fn root(&self) -> &Path {
        self.cache.root()
    }

    /// Makes an empty folder, which is removed when dropped. It is on the cache's file
    /// system, so its files can be moved into the cache.
    ///
    /// # Errors
    /// When it cannot be made.
    pub fn scratch(&self) -> Result<tempfile::TempDir> {
        tempfile::Builder::new()
            .prefix(SCRATCH)
            .tempdir_in(self.root())
            .with_context(|| unwritable(self.root()))
    }

    /// Makes the folder `made` the entry `wanted`, and replaces an older one. If the
    /// kind then takes more space than its limit, removes the least recently used
    /// entries that are not in use.
    ///
    /// # Errors
    /// When the files cannot be read, the older entry is in use, or the folder cannot
    /// be moved. Failing to remove other entries is not an error.
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
            "{} must be made again, but another hookbench is using it; wait until that one ends, \
             or set {VARIABLE} to another folder",
            path.display()
        );
        fs::rename(made.path(), &path)
            .with_context(|| format!("failed to put {} in its place", path.display()))?;
        // The folder was moved, so there is nothing to remove.
        let _ = made.keep();
        let lease = Lease::take(&path).with_context(|| format!("{} vanished; try again", path.display()))?;
        lease.touch();
        if let Err(error) = self.enforce_limit(wanted, progress) {
            progress(&format!(
                "failed to keep the cache's {} below their limit: {error:#}",
                wanted.kind.name
            ));
        }
        Ok(lease)
    }

    /// Removes the entry, or whatever else has its name. Returns false if the entry is
    /// in use and stays.
    ///
    /// # Errors
    /// When it cannot be removed.
    pub fn remove(&self, kind: Kind, name: &str) -> Result<bool> {
        let path = self.root().join(kind.name).join(name);
        remove_unless_leased(&path).with_context(|| format!("failed to remove {}", path.display()))
    }

    /// Makes the folder of a kind, private even if an older hookbench made it.
    fn make_folder_of(&self, kind: Kind) -> Result<()> {
        let path = self.root().join(kind.name);
        tree::make_folder(&path)?;
        fs::set_permissions(&path, Permissions::from_mode(0o700))
            .with_context(|| format!("failed to make {} private", path.display()))
    }

    /// Removes what has the name of `wanted`. Returns whether it is gone. Another
    /// process may hold a lease only until it notices that the entry is unusable,
    /// which does not take long.
    fn make_way(&self, wanted: &Wanted<'_>) -> Result<bool> {
        for _ in 0..TRIES {
            if self.remove(wanted.kind, wanted.key)? {
                return Ok(true);
            }
            thread::sleep(PAUSE);
        }
        Ok(false)
    }

    /// Keeps the kind of the entry `new` below its limit.
    fn enforce_limit(&self, new: &Wanted<'_>, progress: &dyn Fn(&str)) -> Result<()> {
        let Some(limit) = self.cache.limit(new.kind) else {
            return Ok(());
        };
        let mut items = self.cache.items_of(new.kind)?;
        items.sort_by_key(|item| item.used);
        let mut total: u64 = items.iter().map(|item| item.bytes).sum();
        for Item { name, bytes, .. } in items.iter().filter(|item| item.name != new.key) {
            if total <= limit {
                break;
            }
            let (kind, limit) = (new.kind.name, limit / MIB);
            if self.remove(new.kind, name)? {
                total -= bytes;
                progress(&format!("removed {kind}/{name}: the cache keeps {limit} MiB of {kind}"));
            } else {
                progress(&format!(
                    "kept {kind}/{name} beyond the {limit} MiB of {kind}: another hookbench is using it"
                ));
            }
        }
        Ok(())
    }

    /// Removes what an interrupted process left. Under the lock no process uses it.
    fn sweep(&self) {
        for entry in fs::read_dir(self.root()).into_iter().flatten().flatten() {
            if entry.file_name().to_string_lossy().starts_with(SCRATCH) {
                // A folder that cannot be removed only takes space.
                let _ = fs::remove_dir_all(entry.path());
            }
        }
    }
}

/// Removes `path` unless it is an entry with a lease. Returns whether it is gone.
/// Moves nothing first, so it works on a full disk.
fn remove_unless_leased(path: &Path) -> io::Result<bool> {
    let manifest = path.join(MANIFEST);
    match File::open(&manifest) {
        Ok(held) => {
            if !try_lock(&held)? {
                return Ok(false);
            }
            // Without its manifest it is not an entry, even if we are interrupted now.
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
        "cannot write to the cache folder {}; check its permissions and the disk, or set {VARIABLE} to a writable folder",
        root.display()
    )
}
