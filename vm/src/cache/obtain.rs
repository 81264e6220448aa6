//! Finding an entry of the cache, and making it if there is none.

use std::path::Path;

use anyhow::{Context, Result};

use super::entry::{Entry, Lack};
use super::folder::{Cache, Wanted};
use super::lease::Lease;
use super::lock::Lock;

impl Cache {
    /// Returns the entry if it exists and is unchanged. This needs neither a lock nor
    /// the right to write. If the entry exists but cannot be used, `progress` gets
    /// the reason.
    pub fn find(&self, wanted: &Wanted<'_>, progress: &dyn Fn(&str)) -> Option<Lease> {
        match self.look(wanted) {
            Ok(lease) => Some(lease),
            Err(lack) => {
                report_unusable(wanted, &lack, progress);
                None
            }
        }
    }

    /// Returns the entry. If there is none, `make` puts its files into an empty
    /// folder while other processes are locked out, and returns a description for
    /// users.
    ///
    /// # Errors
    /// When there is no entry, and it cannot be made or the cache cannot be written.
    pub fn obtain(
        &self,
        wanted: &Wanted<'_>,
        progress: &dyn Fn(&str),
        make: impl FnOnce(&Lock, &Path) -> Result<String>,
    ) -> Result<Lease> {
        self.path(wanted)?;
        let lack = match self.look(wanted) {
            Ok(lease) => return Ok(lease),
            Err(lack) => lack,
        };
        let Wanted { kind, key, .. } = wanted;
        let lock = self.lock(progress).with_context(|| match &lack {
            Lack::Missing => format!("{}/{key} is not in the cache", kind.name),
            Lack::Unusable(why) => format!("{}/{key} in the cache cannot be used ({why})", kind.name),
        })?;
        // Another hookbench may have made it while this one waited.
        let lack = match self.look(wanted) {
            Ok(lease) => return Ok(lease),
            Err(lack) => lack,
        };
        report_unusable(wanted, &lack, progress);
        let made = lock.scratch()?;
        let about = make(&lock, made.path())?;
        lock.publish(made, wanted, &about, progress)
    }

    /// Waits until no other process fills the cache, and locks others out until the
    /// lock is dropped.
    ///
    /// # Errors
    /// When the lock file cannot be made or locked, as in a read-only cache.
    pub fn lock(&self, progress: &dyn Fn(&str)) -> Result<Lock> {
        Lock::take(self, progress)
    }

    fn look(&self, wanted: &Wanted<'_>) -> Result<Lease, Lack> {
        let folder = self.path(wanted).map_err(|error| Lack::Unusable(error.to_string()))?;
        let lease = Lease::take(&folder);
        let entry = Entry::read(&folder)?;
        if entry.source != wanted.source {
            return Err(Lack::Unusable("it was made from something else".to_owned()));
        }
        entry.check(&folder)?;
        // Without a lease, another process is removing the entry.
        let lease = lease.ok_or(Lack::Missing)?;
        lease.touch();
        Ok(lease)
    }
}

fn report_unusable(wanted: &Wanted<'_>, lack: &Lack, progress: &dyn Fn(&str)) {
    if let Lack::Unusable(why) = lack {
        progress(&format!("{}/{} in the cache is made again: {why}", wanted.kind.name, wanted.key));
    }
}
