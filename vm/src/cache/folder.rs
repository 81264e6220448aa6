//! The cache folder: where it is, how much of a kind it keeps, and where an entry
//! lies in it.

use std::env;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use rustix::fs::{Access, access};

use super::kind::{Kind, MIB};
use super::tree::make_folder;

/// The variable that names another cache folder.
pub const VARIABLE: &str = "HOOKBENCH_CACHE";

/// The variable that says how many MiB of snapshots the cache keeps.
pub const LIMIT_VARIABLE: &str = "HOOKBENCH_CACHE_LIMIT";

/// The beginning of the names of unfinished folders.
pub(super) const SCRATCH: &str = "part-";

/// The cache: an existing folder that only its owner can read.
#[derive(Debug, Clone)]
pub struct Cache {
    root: PathBuf,
    /// How many bytes of snapshots to keep, if not as many as the table says.
    snapshots: Option<u64>,
}

/// Names an entry of the cache.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// The entry's kind.
    pub kind: Kind,
    /// The entry's name, which is also the name of its folder: `6.1`, or a hash.
    pub key: &'a str,
    /// What the entry is made from, if the key does not say so. An entry that was
    /// made from something else is made again.
    pub source: &'a str,
}

impl Cache {
    /// Opens the user's cache: `$HOOKBENCH_CACHE`, else `$XDG_CACHE_HOME/hookbench`,
    /// else `~/.cache/hookbench`. Makes the folder if it is missing.
    ///
    /// # Errors
    /// When none of the three is set, the folder cannot be made, or
    /// `$HOOKBENCH_CACHE_LIMIT` is not a number.
    pub fn open() -> Result<Cache> {
        let root = location(|name| env::var_os(name).map(PathBuf::from)).with_context(|| {
            format!("no folder for the cache: neither HOME nor XDG_CACHE_HOME is set; set {VARIABLE}")
        })?;
        let cache = Cache::at(&root)?;
        match env::var(LIMIT_VARIABLE) {
            Ok(text) if !text.is_empty() => Ok(cache.with_limit(parse_limit(&text)?)),
            _ => Ok(cache),
        }
    }

    /// Opens the cache in `root`. Makes the folder if it is missing.
    ///
    /// # Errors
    /// When the folder cannot be made.
    pub fn at(root: &Path) -> Result<Cache> {
        let root = std::path::absolute(root)
            .with_context(|| format!("failed to find the cache folder {}", root.display()))?;
        make_folder(&root).with_context(|| format!("no cache; set {VARIABLE} to a folder for it"))?;
        Ok(Cache { root, snapshots: None })
    }

    /// The same cache, which keeps `bytes` bytes of snapshots.
    #[must_use]
    pub fn with_limit(self, bytes: u64) -> Cache {
        Cache { snapshots: Some(bytes), ..self }
    }

    /// Returns the cache's folder, absolute.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Whether hookbench can fill the cache. It cannot on a read-only disk, or in
    /// the folder of another user.
    #[must_use]
    pub fn is_writable(&self) -> bool {
        access(&self.root, Access::WRITE_OK | Access::EXEC_OK).is_ok()
    }

    /// Returns how many bytes entries of this kind may take, if that is limited.
    #[must_use]
    pub fn limit(&self, kind: Kind) -> Option<u64> {
        self.snapshots.filter(|_| kind == Kind::SNAPSHOTS).or(kind.limit)
    }

    /// Returns the folder of an entry, whether it exists or not.
    pub(super) fn path(&self, wanted: &Wanted<'_>) -> Result<PathBuf> {
        let Wanted { kind, key, .. } = wanted;
        ensure!(
            !key.is_empty() && !key.starts_with('.') && !key.contains(['/', '\0']),
            "{key:?} is not a valid name for an entry of the cache"
        );
        Ok(self.root.join(kind.name).join(key))
    }
}

/// Reads a number of MiB. Returns bytes.
fn parse_limit(text: &str) -> Result<u64> {
    let mib: Option<u64> = text.trim().parse().ok();
    let bytes = mib.and_then(|mib| mib.checked_mul(MIB));
    bytes.with_context(|| format!("{LIMIT_VARIABLE} is {text:?}; expected a number of MiB, for example 4096"))
}

fn location(variable: impl Fn(&str) -> Option<PathBuf>) -> Option<PathBuf> {
    let set = |name: &str| variable(name).filter(|path| !path.as_os_str().is_empty());
    set(VARIABLE)
        // The XDG specification says to ignore a relative path.
        .or_else(|| Some(set("XDG_CACHE_HOME").filter(|path| path.is_absolute())?.join("hookbench")))
        .or_else(|| Some(set("HOME")?.join(".cache/hookbench")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cache::KINDS;

    fn found(variables: &[(&str, &str)]) -> Option<String> {
        let path = location(|name| {
            variables.iter().find(|(known, _)| *known == name).map(|(_, value)| PathBuf::from(value))
        });
        path.map(|path| path.display().to_string())
    }

    #[test]
    fn the_nearest_variable_names_the_cache() {
        let home = ("HOME", "/home/a");
        assert_eq!(found(&[home, (VARIABLE, "here")]).as_deref(), Some("here"));
        assert_eq!(found(&[home, ("XDG_CACHE_HOME", "/c")]).as_deref(), Some("/c/hookbench"));
        let ignored = [home, ("XDG_CACHE_HOME", "c"), (VARIABLE, "")];
        assert_eq!(found(&ignored).as_deref(), Some("/home/a/.cache/hookbench"));
        assert_eq!(found(&[]), None);
    }

    #[test]
    fn no_kind_has_the_name_of_an_unfinished_folder() {
        for kind in KINDS {
            assert!(!kind.name.starts_with(SCRATCH), "{}", kind.name);
        }
    }

    #[test]
    fn the_limit_is_a_number_of_mib() {
        assert_eq!(parse_limit("2").unwrap(), 2 << 20);
        for wrong in ["", "2G", "-1", "99999999999999999999"] {
            assert!(parse_limit(wrong).unwrap_err().to_string().contains(LIMIT_VARIABLE), "{wrong}");
        }
        let temporary = tempfile::tempdir().unwrap();
        let cache = Cache::at(temporary.path()).unwrap();
        let limited = cache.clone().with_limit(7);
        assert_eq!((cache.limit(Kind::SNAPSHOTS), limited.limit(Kind::SNAPSHOTS)), (Some(4 << 30), Some(7)));
        assert_eq!((limited.limit(Kind::KERNELS), limited.limit(Kind::IMAGES)), (None, Kind::IMAGES.limit));
    }

    #[test]
    fn a_cache_without_the_right_to_write_is_not_writable() {
        let temporary = tempfile::tempdir().unwrap();
        let cache = Cache::at(&temporary.path().join("cache")).unwrap();
        assert!(cache.is_writable());
        std::fs::remove_dir(cache.root()).unwrap();
        assert!(!cache.is_writable());
    }
}
