//! Programs and all they need to run, out of unpacked packages. Where the
//! packages come from, and which programs these are, is decided elsewhere.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use crate::files::elf;

/// Where the guest's loader looks for libraries; the first is where they are put.
const LIBRARIES: [&str; 2] = ["usr/lib/x86_64-linux-gnu", "usr/lib"];

/// Folders that are links into `usr`.
const MERGED: [&str; 4] = ["bin", "sbin", "lib", "lib64"];

/// What of some unpacked packages goes into the guest.
pub(crate) struct Closure {
    unpacked: PathBuf,
    /// Where it looks for files, for those that are not there.
    place: &'static str,
    /// Modes and bytes by path.
    pub files: BTreeMap<String, (u32, Vec<u8>)>,
    /// Targets by path.
    pub links: BTreeMap<String, String>,
}

impl Closure {
    /// Nothing yet of the packages that were unpacked into the folder `unpacked`.
    pub(crate) fn new(unpacked: &Path) -> Closure {
        Closure {
            unpacked: unpacked.to_owned(),
            place: "in none of the packages that were fetched for it",
            files: BTreeMap::new(),
            links: BTreeMap::new(),
        }
    }

    /// Nothing yet of this machine.
    pub(crate) fn of_host() -> Closure {
        let place =
            "not in this machine's /usr/lib/x86_64-linux-gnu or /usr/lib, where the guest would look too";
        Closure { place, ..Closure::new(Path::new("/")) }
    }

    /// Takes the file `path` as it is.
    pub(crate) fn copy(&mut self, path: &str) -> Result<()> {
        let taken = take(&self.unpacked, path).with_context(|| self.missing(path))?;
        self.files.insert(path.to_owned(), taken);
        Ok(())
    }

    /// Takes the program `path` and all it needs.
    pub(crate) fn program(&mut self, path: &str) -> Result<()> {
        let (mode, bytes) = take(&self.unpacked, path).with_context(|| self.missing(path))?;
        self.follow(path, &bytes)?;
        self.files.insert(path.to_owned(), (mode, bytes));
        Ok(())
    }

    fn missing(&self, path: &str) -> String {
        format!("/{path} is {}", self.place)
    }

    /// Takes what the program or library `bytes` of the file `path` needs.
    pub(crate) fn follow(&mut self, path: &str, bytes: &[u8]) -> Result<()> {
        let needs = elf::needs(bytes).with_context(|| format!("failed to read {path}"))?;
        if let Some(interpreter) = needs.interpreter {
            let Some((_, name)) = interpreter.rsplit_once('/') else {
                bail!("/{path} has the loader {interpreter:?}, which is not a path");
            };
            self.library(name, path)?;
            self.links.insert(merged(&interpreter), format!("/{}/{name}", LIBRARIES[0]));
        }
        for library in needs.libraries {
            self.library(&library, path)?;
        }
        Ok(())
    }

    /// Takes the library `name`, under this very name, and what it needs.
    pub(crate) fn library(&mut self, name: &str, wanted_by: &str) -> Result<()> {
        let path = format!("{}/{name}", LIBRARIES[0]);
        if self.files.contains_key(&path) {
            return Ok(());
        }
        let found = LIBRARIES.iter().find_map(|folder| take(&self.unpacked, &format!("{folder}/{name}")));
        let (mode, bytes) =
            found.with_context(|| format!("{wanted_by} needs {name}, which is {}", self.place))?;
        self.files.insert(path.clone(), (mode, bytes.clone()));
        self.follow(&path, &bytes)
    }
}

/// The guest's path of what a package or program calls `path`.
pub(crate) fn merged(path: &str) -> String {
    let path = path.trim_start_matches('/');
    let first = path.split('/').next().unwrap_or_default();
    if MERGED.contains(&first) { format!("usr/{path}") } else { path.to_owned() }
}

/// Mode and bytes of the guest's file `path` in the unpacked packages, some of
/// which still have `bin` beside `usr/bin`.
fn take(unpacked: &Path, path: &str) -> Option<(u32, Vec<u8>)> {
    let root = unpacked.canonicalize().ok()?;
    let places = [Some(path), path.strip_prefix("usr/")].into_iter().flatten();
    let file: PathBuf = places
        .filter_map(|place| root.join(place).canonicalize().ok())
        // A link out of the packages would take a file of this machine.
        .find(|file| file.starts_with(&root) && file.is_file())?;
    let mode = fs::metadata(&file).ok()?.permissions().mode() & 0o7777;
    Some((mode, fs::read(&file).ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_out_of_the_packages_is_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("usr/bin")).unwrap();
        std::os::unix::fs::symlink("/etc/passwd", folder.path().join("usr/bin/a")).unwrap();
        assert_eq!(take(folder.path(), "usr/bin/a"), None);
        fs::create_dir(folder.path().join("bin")).unwrap();
        fs::write(folder.path().join("bin/b"), "b").unwrap();
        assert_eq!(take(folder.path(), "usr/bin/b").unwrap().1, b"b");
        assert_eq!(take(folder.path(), "../../etc/passwd"), None);
    }

    #[test]
    fn a_library_in_no_package_is_named_with_what_needs_it() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("bin")).unwrap();
        fs::copy("/bin/true", folder.path().join("bin/true")).unwrap();
        let program = fs::read("/bin/true").unwrap();
        let error = Closure::new(folder.path()).follow("usr/bin/true", &program).unwrap_err().to_string();
        assert!(error.contains("usr/bin/true needs ld-linux-x86-64.so.2"), "{error}");
    }

    #[test]
    fn paths_are_those_of_a_merged_usr() {
        assert_eq!(merged("/lib64/ld-linux-x86-64.so.2"), "usr/lib64/ld-linux-x86-64.so.2");
        assert_eq!(merged("usr/bin/a"), "usr/bin/a");
        assert_eq!(merged("libexec/a"), "libexec/a");
    }
}
