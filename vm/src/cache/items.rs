//! Lists what is in the cache, for users and for keeping the cache small.

use std::fs;
use std::io;
use std::time::SystemTime;

use anyhow::{Context, Result};

use super::entry::{Entry, MANIFEST};
use super::folder::Cache;
use super::kind::{KINDS, Kind};
use super::tree;

/// One thing in the cache.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// Its kind.
    pub kind: Kind,
    /// Its name in the folder of its kind.
    pub name: String,
    /// Its description, for users.
    pub about: String,
    /// How many bytes it takes on the disk.
    pub bytes: u64,
    /// When it was last used; `None` if that is unknown.
    pub used: Option<SystemTime>,
}

impl Cache {
    /// Returns everything in the cache, by kind and name. Verifies nothing.
    ///
    /// # Errors
    /// When a folder of the cache cannot be read.
    pub fn items(&self) -> Result<Vec<Item>> {
        let mut items = Vec::new();
        for kind in KINDS {
            items.extend(self.items_of(kind)?);
        }
        Ok(items)
    }

    /// Returns everything of this kind in the cache, by name.
    ///
    /// # Errors
    /// When the kind's folder cannot be read.
    pub fn items_of(&self, kind: Kind) -> Result<Vec<Item>> {
        let folder = self.root().join(kind.name);
        let context = || format!("failed to list {}", folder.display());
        let listed = match fs::read_dir(&folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            listed => listed.with_context(context)?,
        };
        let mut items = Vec::new();
        for found in listed {
            let found = found.with_context(context)?;
            let name = found.file_name().to_string_lossy().into_owned();
            items.extend(self.item(kind, name).with_context(context)?);
        }
        items.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(items)
    }

    /// Returns `None` if another process removed it meanwhile.
    fn item(&self, kind: Kind, name: String) -> io::Result<Option<Item>> {
        let path = self.root().join(kind.name).join(&name);
        let bytes = match tree::disk_usage(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            bytes => bytes?,
        };
        let time = |path| fs::metadata(path).and_then(|metadata| metadata.modified()).ok();
        let about = match Entry::read(&path) {
            Ok(entry) => entry.about,
            Err(_) if kind == Kind::APT => kind.about.to_owned(),
            Err(_) => "unfinished, damaged or from another version of hookbench".to_owned(),
        };
        let used = time(path.join(MANIFEST)).or_else(|| time(path));
        Ok(Some(Item { kind, name, about, bytes, used }))
    }
}
