//! The cache folder: where kernels, packages and what is made of them stay
//! between runs. What is found in it is verified before it is used, what is used
//! is not removed, and one hookbench at a time fills it. What lies in an entry is
//! known to those who put it there.

mod entry;
mod kind;
mod lease;
mod lock;
mod stock;
mod tree;

use std::env;
use std::ffi::CString;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use entry::{Entry, Lack};
use kind::MIB;
pub use kind::{KINDS, Kind, find as find_kind};
pub use lease::Lease;
pub use lock::Lock;
pub use stock::Item;
pub(crate) use tree::{make_folder, make_private};

/// The variable that names another cache folder.
pub const VARIABLE: &str = "HOOKBENCH_CACHE";

/// The variable that says how many MiB of snapshots the cache keeps.
pub const LIMIT_VARIABLE: &str = "HOOKBENCH_CACHE_LIMIT";

/// How the names of folders begin that are being made.
const SCRATCH: &str = "part-";

/// A folder that is there and that only its owner can read.
#[derive(Debug, Clone)]
pub struct Cache {
    root: PathBuf,
    /// The bytes of snapshots it keeps, where that is not what the table says.
    snapshots: Option<u64>,
}

/// What is wanted of the cache.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// Which kind of thing.
    pub kind: Kind,
    /// Its name among those, which is that of its folder: `6.1`, or a hash.
    pub key: &'a str,
    /// What it is made from, where the key does not say it: an entry that was
    /// made from something else is made again.
    pub source: &'a str,
}

impl Cache {
    /// The user's cache: `$HOOKBENCH_CACHE`, else `$XDG_CACHE_HOME/hookbench`,
    /// else `~/.cache/hookbench`. It is made when missing.
    ///
    /// # Errors
    /// When none of the three is set, the folder cannot be made, or
    /// `$HOOKBENCH_CACHE_LIMIT` is no number.
    pub fn open() -> Result<Cache> {
        let root = location(|name| env::var_os(name).map(PathBuf::from)).with_context(|| {
            format!("no place for the cache: neither HOME nor XDG_CACHE_HOME is set; set {VARIABLE}")
        })?;
        let cache = Cache::at(&root)?;
        match env::var(LIMIT_VARIABLE) {
            Ok(text) if !text.is_empty() => Ok(cache.with_limit(limit(&text)?)),
            _ => Ok(cache),
        }
    }

    /// The cache in `root`, made when missing.
    ///
    /// # Errors
    /// When the folder cannot be made.
    pub fn at(root: &Path) -> Result<Cache> {
        let root = std::path::absolute(root)
            .with_context(|| format!("failed to find the cache folder {}", root.display()))?;
        make_folder(&root).with_context(|| format!("no cache; set {VARIABLE} to a folder for it"))?;
        Ok(Cache { root, snapshots: None })
    }

    /// The same cache, which keeps so many bytes of snapshots.
    #[must_use]
    pub fn with_limit(self, bytes: u64) -> Cache {
        Cache { snapshots: Some(bytes), ..self }
    }

    /// The cache's folder, absolute.
    #[must_use]
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Whether it can be filled. It cannot on a disk that is mounted for reading
    /// alone, and neither can that of somebody else.
    #[must_use]
    pub fn is_writable(&self) -> bool {
        // A path of the file system has no NUL in it.
        let Ok(path) = CString::new(self.root.as_os_str().as_bytes()) else { return false };
        // SAFETY: the call reads a string that ends in NUL and outlives it.
        unsafe { libc::access(path.as_ptr(), libc::W_OK | libc::X_OK) == 0 }
    }

    /// The entry that is wanted, whole and as it was made, or nothing. Neither
    /// a lock nor the right to write is needed. When there is one that cannot
    /// be used, `progress` hears why.
    pub fn find(&self, wanted: &Wanted<'_>, progress: &dyn Fn(&str)) -> Option<Lease> {
        match self.look(wanted) {
            Ok(lease) => Some(lease),
            Err(lack) => {
                complain(wanted, &lack, progress);
                None
            }
        }
    }

    /// The entry that is wanted: the one in the cache, or else one that `make`
    /// puts into an empty folder, while others are kept out. `make` returns
    /// what it is, for people.
    ///
    /// # Errors
    /// When it is not there, and cannot be made or the cache not be written.
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
            Lack::Useless(why) => format!("{}/{key} in the cache cannot be used ({why})", kind.name),
        })?;
        // Another hookbench may have made it while this one waited.
        let lack = match self.look(wanted) {
            Ok(lease) => return Ok(lease),
            Err(lack) => lack,
        };
        complain(wanted, &lack, progress);
        let made = lock.scratch()?;
        let about = make(&lock, made.path())?;
        lock.publish(made, wanted, &about, progress)
    }

    /// Waits until nobody else fills the cache, and keeps others out until dropped.
    ///
    /// # Errors
    /// When the lock file cannot be made or locked, as in a cache that cannot be
    /// written.
    pub fn lock(&self, progress: &dyn Fn(&str)) -> Result<Lock> {
        Lock::take(self, progress)
    }

    fn look(&self, wanted: &Wanted<'_>) -> Result<Lease, Lack> {
        let folder = self.path(wanted).map_err(|error| Lack::Useless(error.to_string()))?;
        let lease = Lease::take(&folder);
        let entry = Entry::read(&folder)?;
        if entry.source != wanted.source {
            return Err(Lack::Useless("it was made from something else".to_owned()));
        }
        entry.check(&folder)?;
        // Without one, it was there and is being removed.
        let lease = lease.ok_or(Lack::Missing)?;
        lease.touch();
        Ok(lease)
    }

    /// Where an entry is, or would be.
    fn path(&self, wanted: &Wanted<'_>) -> Result<PathBuf> {
        let Wanted { kind, key, .. } = wanted;
        ensure!(
            !key.is_empty() && !key.starts_with('.') && !key.contains(['/', '\0']),
            "{key:?} is not a name that an entry of the cache can have"
        );
        Ok(self.root.join(kind.name).join(key))
    }

    /// The bytes that entries of this kind may take, where that is bounded.
    #[must_use]
    pub fn limit(&self, kind: Kind) -> Option<u64> {
        self.snapshots.filter(|_| kind == Kind::SNAPSHOTS).or(kind.limit)
    }
}

fn complain(wanted: &Wanted<'_>, lack: &Lack, progress: &dyn Fn(&str)) {
    if let Lack::Useless(why) = lack {
        progress(&format!("{}/{} in the cache is made again: {why}", wanted.kind.name, wanted.key));
    }
}

/// Reads MiB.
fn limit(text: &str) -> Result<u64> {
    let mib: Option<u64> = text.trim().parse().ok();
    let bytes = mib.and_then(|mib| mib.checked_mul(MIB));
    bytes.with_context(|| format!("{LIMIT_VARIABLE} is {text:?}; expected a number of MiB, such as 4096"))
}

fn location(variable: impl Fn(&str) -> Option<PathBuf>) -> Option<PathBuf> {
    let set = |name: &str| variable(name).filter(|path| !path.as_os_str().is_empty());
    set(VARIABLE)
        // The XDG specification: a relative path is to be ignored.
        .or_else(|| Some(set("XDG_CACHE_HOME").filter(|path| path.is_absolute())?.join("hookbench")))
        .or_else(|| Some(set("HOME")?.join(".cache/hookbench")))
}

#[cfg(test)]
mod tests;
