//! What is in the cache, for those who look at it or keep it small.

use std::fs;
use std::io;
use std::time::SystemTime;

use anyhow::{Context, Result};

use super::entry::{Entry, MANIFEST};
use super::{Cache, KINDS, Kind, tree};

/// One thing in the cache.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// What kind of thing.
    pub kind: Kind,
    /// Its name in the folder of its kind.
    pub name: String,
    /// What it is, for people.
    pub about: String,
    /// The room it takes on the disk.
    pub bytes: u64,
    /// When it was last used, as far as that is known.
    pub used: Option<SystemTime>,
}

impl Cache {
    /// All that is in the cache, by kind and name. Nothing is verified.
    ///
    /// # Errors
    /// When a folder of it cannot be read.
    pub fn items(&self) -> Result<Vec<Item>> {
        let mut items = Vec::new();
        for kind in KINDS {
            items.extend(self.items_of(kind)?);
        }
        Ok(items)
    }

    /// What is in the cache of this kind, by name.
    ///
    /// # Errors
    /// When its folder cannot be read.
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

    /// `None` when it was removed meanwhile.
    fn item(&self, kind: Kind, name: String) -> io::Result<Option<Item>> {
        let path = self.root().join(kind.name).join(&name);
        let bytes = match tree::taken(&path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            taken => taken?,
        };
        let time = |path| fs::metadata(path).and_then(|metadata| metadata.modified()).ok();
        let about = match Entry::read(&path) {
            Ok(entry) => entry.about,
            Err(_) if kind == Kind::APT => kind.about.to_owned(),
            Err(_) => "unfinished, damaged or of another version of hookbench".to_owned(),
        };
        let used = time(path.join(MANIFEST)).or_else(|| time(path));
        Ok(Some(Item { kind, name, about, bytes, used }))
    }
}
