//! Programs with the loader and the libraries that they need, out of unpacked
//! packages or from this machine. Which programs these are is decided elsewhere.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};

use super::tree::expand;
use crate::arch::LIBRARY_FOLDERS;
use crate::files::elf;

/// The guest's folder into which all libraries go.
const LIBRARY_FOLDER: &str = LIBRARY_FOLDERS[0];

/// Folders that are links into `usr`.
const MERGED: [&str; 4] = ["bin", "sbin", "lib", "lib64"];

/// Files out of unpacked packages, or of this machine, that go into the guest.
pub(crate) struct Closure {
    unpacked: PathBuf,
    /// Where files are looked for, as the end of an error about a missing file.
    searched: String,
    /// Modes and bytes by path.
    pub(crate) files: BTreeMap<String, (u32, Vec<u8>)>,
    /// Targets of links by path.
    pub(crate) links: BTreeMap<String, String>,
}

impl Closure {
    /// An empty closure over the packages that were unpacked into `unpacked`.
    pub(crate) fn new(unpacked: &Path) -> Closure {
        Closure {
            unpacked: unpacked.to_owned(),
            searched: "in none of the packages that were fetched for it".into(),
            files: BTreeMap::new(),
            links: BTreeMap::new(),
        }
    }

    /// An empty closure over this machine's files.
    pub(crate) fn from_host() -> Closure {
        let [first, second] = LIBRARY_FOLDERS;
        let searched =
            format!("not in this machine's /{first} or /{second}, the folders that a guest searches");
        Closure { searched, ..Closure::new(Path::new("/")) }
    }

    /// Adds the file `path` alone.
    pub(crate) fn copy(&mut self, path: &str) -> Result<()> {
        let file = find(&self.unpacked, path).with_context(|| self.missing(path))?;
        self.files.insert(path.to_owned(), file);
        Ok(())
    }

    /// Adds the program `path` and everything that it needs.
    pub(crate) fn program(&mut self, path: &str) -> Result<()> {
        let (mode, bytes) = find(&self.unpacked, path).with_context(|| self.missing(path))?;
        self.follow(path, &bytes)?;
        self.files.insert(path.to_owned(), (mode, bytes));
        Ok(())
    }

    fn missing(&self, path: &str) -> String {
        format!("/{path} is {}", self.searched)
    }

    /// Adds what the program or library `bytes`, of the file `path`, needs. A file that
    /// the guest cannot load needs nothing.
    pub(crate) fn follow(&mut self, path: &str, bytes: &[u8]) -> Result<()> {
        let Some(needs) = elf::program_needs(bytes) else { return Ok(()) };
        if let Some(interpreter) = needs.interpreter {
            let Some((_, name)) = interpreter.rsplit_once('/') else {
                bail!("/{path} names the loader {interpreter:?}, which is not a path");
            };
            self.library(name, path)?;
            self.links.insert(merged(&interpreter), format!("/{}/{name}", LIBRARY_FOLDER));
        }
        let origin = path.rsplit_once('/').map_or("", |(folder, _)| folder).trim_start_matches('/');
        let folders: Vec<String> = needs.folders.iter().map(|folder| expand(folder, origin)).collect();
        needs.libraries.iter().try_for_each(|library| self.library_in(&folders, library, path))
    }

    /// Adds the library `name`, under this name, and what it needs.
    pub(crate) fn library(&mut self, name: &str, wanted_by: &str) -> Result<()> {
        self.library_in(&[], name, wanted_by)
    }

    /// Adds a library, which may also be in one of `folders`.
    fn library_in(&mut self, folders: &[String], name: &str, wanted_by: &str) -> Result<()> {
        let path = format!("{}/{name}", LIBRARY_FOLDER);
        if self.files.contains_key(&path) {
            return Ok(());
        }
        let mut folders = folders.iter().map(|folder| folder.trim_start_matches('/')).chain(LIBRARY_FOLDERS);
        let found = folders.find_map(|folder| {
            let place = format!("{folder}/{name}");
            find(&self.unpacked, &place).map(|file| (place, file))
        });
        let (place, (mode, bytes)) =
            found.with_context(|| format!("{wanted_by} needs {name}, which is {}", self.searched))?;
        self.files.insert(path, (mode, bytes.clone()));
        self.follow(&place, &bytes)
    }
}

/// Returns the guest's path for `path` as a package or a program writes it.
pub(crate) fn merged(path: &str) -> String {
    let path = path.trim_start_matches('/');
    let first = path.split('/').next().unwrap_or_default();
    if MERGED.contains(&first) { format!("usr/{path}") } else { path.to_owned() }
}

/// Returns mode and bytes of the guest's file `path` in the unpacked packages. Some
/// packages have `bin` in place of `usr/bin`.
fn find(unpacked: &Path, path: &str) -> Option<(u32, Vec<u8>)> {
    let root = unpacked.canonicalize().ok()?;
    let places = [Some(path), path.strip_prefix("usr/")].into_iter().flatten();
    let file: PathBuf = places
        .filter_map(|place| root.join(place).canonicalize().ok())
        // A link that leaves the packages leads to a file of this machine.
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
        assert_eq!(find(folder.path(), "usr/bin/a"), None);
        fs::create_dir(folder.path().join("bin")).unwrap();
        fs::write(folder.path().join("bin/b"), "b").unwrap();
        assert_eq!(find(folder.path(), "usr/bin/b").unwrap().1, b"b");
        assert_eq!(find(folder.path(), "../../etc/passwd"), None);
    }

    #[test]
    fn an_error_names_a_missing_library_and_the_program_that_needs_it() {
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
