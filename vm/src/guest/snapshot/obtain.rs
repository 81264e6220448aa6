//! Finds a snapshot in the cache, or else makes it.

use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result};

use super::make::{file_error, make};
use super::recipe::Recipe;
use super::stored::{CONSOLE, DEVICE_STATE, Location, MEMORY, MESSAGES, Snapshot};
use crate::cache::{Cache, Kind, Lease, Lock, Wanted};
use crate::files::scratch::Scratch;
use crate::files::sparse_copy::copy_file;
use crate::guest::ending::Error;
use crate::guest::options::GuestOptions;

impl Snapshot {
    /// Returns the cached snapshot, or else makes it now.
    ///
    /// # Errors
    /// When the guest does not reach the point where it stops ([`Error`] is then in
    /// the chain), or the cache cannot be written.
    pub fn obtain(
        recipe: &Recipe<'_>,
        cache: &Cache,
        options: &GuestOptions<'_>,
        progress: &dyn Fn(&str),
    ) -> Result<Snapshot> {
        let key = recipe.key(options.machine);
        let wanted = Wanted { kind: Kind::SNAPSHOTS, key: &key, source: "" };
        let location = if cache.is_writable() {
            let make = |_: &Lock, folder: &Path| {
                progress(&format!("booting {}", recipe.kernel.name));
                make(recipe, folder, options)?;
                Ok(format!("{} with {}", recipe.kernel.version, recipe.boot_line))
            };
            Location::Cache(cache.obtain(&wanted, progress, make)?)
        } else {
            // Not in the folder of guests' files, which is usually in memory: a
            // snapshot is large.
            let scratch = Scratch::below(&std::env::temp_dir())?;
            match cache.find(&wanted, progress) {
                Some(lease) => copy(&lease, scratch.path())?,
                None => make(recipe, scratch.path(), options)?,
            }
            Location::Process(Arc::new(scratch))
        };
        Snapshot::read(location).context("failed to read the snapshot of a guest")
    }
}

/// Copies a snapshot into `folder`. QEMU opens the file of a guest's memory for
/// writing, even if it never writes to it.
fn copy(lease: &Lease, folder: &Path) -> Result<(), Error> {
    for name in [MEMORY, DEVICE_STATE, MESSAGES, CONSOLE] {
        copy_file(&lease.file(name), &folder.join(name))
            .map_err(|error| file_error(folder.join(name), error))?;
    }
    Ok(())
}
