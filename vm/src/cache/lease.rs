//! A lease of an entry: as long as it lives, no hookbench removes or replaces the
//! entry.

use std::fs::{self, File};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use super::entry::MANIFEST;
use crate::files::flock::lock_shared;

/// Keeps an entry in the cache while this value, or a clone of it, lives.
#[derive(Debug, Clone)]
pub struct Lease {
    folder: PathBuf,
    /// The manifest, with a shared lock.
    manifest: Arc<File>,
}

impl Lease {
    /// Returns the entry's folder, absolute.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// Returns the path of the entry's file `name`.
    #[must_use]
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Takes a lease of the entry in `folder`. Returns `None` if there is no entry.
    pub(super) fn take(folder: &Path) -> Option<Lease> {
        let path = folder.join(MANIFEST);
        let manifest = File::open(&path).ok()?;
        // Waits for a process that is removing the entry. Where there are no locks,
        // as on some network file systems, no process can remove an entry.
        let _ = lock_shared(&manifest);
        let (held, now) = (manifest.metadata().ok()?, fs::metadata(&path).ok()?);
        let same = (held.dev(), held.ino()) == (now.dev(), now.ino());
        same.then(|| Lease { folder: folder.to_owned(), manifest: Arc::new(manifest) })
    }

    /// Records that the entry is used now. A failure is harmless: in a cache that
    /// cannot be written, nothing is ever removed by age.
    pub(super) fn touch(&self) {
        let _ = self.manifest.set_modified(SystemTime::now());
    }
}

/// Leases of the same entry are equal.
impl PartialEq for Lease {
    fn eq(&self, other: &Lease) -> bool {
        self.folder == other.folder
    }
}

impl Eq for Lease {}
