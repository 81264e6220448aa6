//! The plugin as a file that QEMU can load: hookbench carries it, and unpacks it once for a session.

use std::fs;
use std::path::PathBuf;
use std::sync::OnceLock;

use anyhow::{Context, Result, anyhow};
use tempfile::TempDir;

use crate::session::embedded::PLUGIN;
use crate::session::guests::cell::Guests;

/// See the module.
#[derive(Default)]
pub(super) struct PluginFile(OnceLock<Result<TempDir, String>>);

impl PluginFile {
    /// The path of the file. The first call writes it.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(super) fn path(&self, guests: &Guests) -> Result<PathBuf> {
        let folder = self.0.get_or_init(|| unpack(guests).map_err(|error| format!("{error:#}")));
        let folder = folder.as_ref().map_err(|why| anyhow!("{why}"))?;
        Ok(folder.path().join(NAME))
    }
}

const NAME: &str = "plugin.so";

fn unpack(guests: &Guests) -> Result<TempDir> {
    let folder = guests.folder("plugin")?;
    let file = folder.path().join(NAME);
    fs::write(&file, PLUGIN).with_context(|| format!("failed to write {}", file.display()))?;
    Ok(folder)
}
