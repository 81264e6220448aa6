//! The use of an entry: as long as a lease lives, no hookbench removes or
//! replaces what it is for.

use std::fs::{self, File};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use super::entry::MANIFEST;
use crate::files::flock::flock;

/// An entry that stays while this, or a clone of it, lives.
#[derive(Debug, Clone)]
pub struct Lease {
    folder: PathBuf,
    /// The manifest, with a shared lock.
    manifest: Arc<File>,
}

impl Lease {
    /// The entry's folder, absolute.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The entry's file `name`.
    #[must_use]
    pub fn file(&self, name: &str) -> PathBuf {
        self.folder.join(name)
    }

    /// Keeps the entry in `folder`; `None` when it is not there.
    pub(super) fn take(folder: &Path) -> Option<Lease> {
        let path = folder.join(MANIFEST);
        let manifest = File::open(&path).ok()?;
        // Waits for someone who removes the entry just now. Where there are no
        // locks, as on some network file systems, nobody can remove under one.
        let _ = flock(&manifest, libc::LOCK_SH);
        let (held, now) = (manifest.metadata().ok()?, fs::metadata(&path).ok()?);
        let same = (held.dev(), held.ino()) == (now.dev(), now.ino());
        same.then(|| Lease { folder: folder.to_owned(), manifest: Arc::new(manifest) })
    }

    /// Notes that the entry is used now. In a cache that cannot be written,
    /// nothing is ever removed by age, so a failure does no harm.
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
