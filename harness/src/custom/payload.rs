//! The payload of commands that users supply: files and folders of this machine, and the
//! files of Debian packages. A guest finds all of it at the paths given here.

use std::collections::{BTreeMap, HashSet};
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use hookbench_vm::apt::NoPackage;
use hookbench_vm::cache::Cache;
use hookbench_vm::image::{Content, GuestFile};
use hookbench_vm::packages;
use hookbench_vm::tree::{Lack, PROGRAM_FOLDERS, Tree};
use hookbench_vm::userland::Userland;

use super::cannot_start::CannotStart;

/// The largest file that a user can supply, in bytes.
const LARGEST: u64 = 64 << 20;

/// The package of bcc, whose tools need headers that no package depends on.
const BCC: &str = "python3-bpfcc";

/// The payload of commands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Payload {
    files: Vec<GuestFile>,
    /// The names of packages that `fetch` has not obtained yet.
    wanted: Vec<String>,
    /// Names and versions of the packages in `files`.
    packages: Vec<(String, String)>,
    /// The names of the packages that the user asked for.
    asked: Vec<String>,
    /// The packages of programs and links, by path; only of those that the user asked for, and
    /// what they depend on.
    owners: BTreeMap<String, String>,
}

impl Payload {
    /// Reads what `items` name: paths, whose files the guest gets in its folder `into`, and
    /// packages.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub(crate) fn read(items: &[String], into: &str) -> Result<Payload> {
        let mut payload = Payload::default();
        for item in items {
            if item.contains('/') || Path::new(item).exists() {
                collect(Path::new(item), into, &mut payload.files)?;
            } else {
                payload.wanted.push(item.clone());
            }
        }
        Ok(payload)
    }

    /// Downloads the packages, or finds them in the cache. Tells the user about programs
    /// that lack a library in a guest with `guest`.
    ///
    /// # Errors
    /// When a package does not exist, or cannot be downloaded.
    pub(crate) fn fetch(&mut self, guest: &Userland, cache: &Cache, progress: &dyn Fn(&str)) -> Result<()> {
        let wanted = std::mem::take(&mut self.wanted);
        if !wanted.is_empty() {
            let mut fetched = fetch(&wanted, cache, progress)?;
            self.owners = std::mem::take(&mut fetched.owners);
            self.extend(fetched);
            self.asked = wanted;
            self.warn(guest, progress);
        }
        Ok(())
    }

    /// Adds packages that the user did not ask for.
    ///
    /// # Errors
    /// When a package cannot be downloaded.
    pub(super) fn add(&mut self, names: &[&str], cache: &Cache, progress: &dyn Fn(&str)) -> Result<()> {
        let names: Vec<String> = names.iter().map(|name| name.to_string()).collect();
        self.extend(fetch(&names, cache, progress)?);
        Ok(())
    }

    /// Adds the files of packages that are not there yet.
    fn extend(&mut self, fetched: Userland) {
        let known: HashSet<String> = self.files.iter().map(|file| file.path.clone()).collect();
        self.files.extend(fetched.files.into_iter().filter(|file| !known.contains(&file.path)));
        for package in fetched.packages {
            if !self.packages.contains(&package) {
                self.packages.push(package);
            }
        }
    }

    /// Tells the user what the packages lack, as after an installation: libraries of their
    /// programs, and headers. Other programs of the packages work without it.
    fn warn(&self, guest: &Userland, progress: &dyn Fn(&str)) {
        let tree = self.tree(guest, &[]);
        for file in tree.programs().filter(|file| self.owners.contains_key(&file.path)) {
            for lack in tree.lacks(file) {
                let Lack { of, name } = lack;
                progress(&format!(
                    "/{} cannot start in the guest: {of} needs {name}, which is in none of its packages",
                    file.path
                ));
            }
        }
        let has_headers = self.packages.iter().any(|(name, _)| name.starts_with("linux-headers-"));
        if self.has_package(BCC) && !has_headers {
            progress(&format!(
                "the tools of {BCC} compile their programs with the headers of the guest's kernel; add them \
                 with --bring linux-headers-RELEASE"
            ));
        }
    }

    /// The files of a guest with `guest`, this payload and `more`.
    pub(super) fn tree<'a>(&'a self, guest: &'a Userland, more: &'a [GuestFile]) -> Tree<'a> {
        Tree::new([&guest.files[..], &self.files, more])
    }

    /// The package that has the program or link `path`.
    pub(super) fn owner(&self, path: &str) -> Option<&str> {
        self.owners.get(path).map(String::as_str)
    }

    /// Whether the payload has the package `name`.
    pub(super) fn has_package(&self, name: &str) -> bool {
        self.packages.iter().any(|(package, _)| package == name)
    }

    /// The names of the programs in the packages that the user asked for.
    pub(super) fn programs(&self) -> Vec<&str> {
        let is_asked = |owner: &String| self.asked.contains(owner);
        let names =
            self.owners.iter().filter(|(_, owner)| is_asked(owner)).map(|(path, _)| path.rsplit_once('/'));
        names.flatten().filter(|(folder, _)| PROGRAM_FOLDERS.contains(folder)).map(|(_, name)| name).collect()
    }

    /// The files, first those of this machine.
    pub(crate) fn files(&self) -> &[GuestFile] {
        &self.files
    }

    /// Names and versions of the packages.
    pub(crate) fn packages(&self) -> &[(String, String)] {
        &self.packages
    }
}

/// Fetches packages. A name that the mirror does not have is a mistake of the user.
fn fetch(names: &[String], cache: &Cache, progress: &dyn Fn(&str)) -> Result<Userland> {
    packages::fetch(names, cache, progress).map_err(|error| match error.is::<NoPackage>() {
        true => CannotStart(format!("{error:#}")).into(),
        false => error,
    })
}

/// Adds the file `path` of this machine, or all files of the folder `path`, to the
/// guest's folder `into`.
fn collect(path: &Path, into: &str, files: &mut Vec<GuestFile>) -> Result<()> {
    let context = || format!("failed to read {}, which --bring names", path.display());
    let metadata = fs::metadata(path).with_context(context)?;
    let name = path.canonicalize().with_context(context)?;
    let name = name.file_name().with_context(|| format!("{} has no file name", path.display()))?;
    let into = format!("{into}/{}", name.to_string_lossy());
    let mode = metadata.permissions().mode() & 0o7777;
    if !metadata.is_dir() {
        let content = Content::File(read_file(path)?);
        files.push(GuestFile { path: into, mode, content });
        return Ok(());
    }
    let mut entries =
        fs::read_dir(path).with_context(context)?.collect::<Result<Vec<_>, _>>().with_context(context)?;
    entries.sort_by_key(|entry| entry.file_name());
    entries.iter().try_for_each(|entry| collect(&entry.path(), &into, files))
}

/// Reads a file that the user supplied.
///
/// # Errors
/// When it cannot be read, or is too large.
pub(crate) fn read_file(path: &Path) -> Result<Vec<u8>> {
    let context = || format!("failed to read {}", path.display());
    let size = fs::metadata(path).with_context(context)?.len();
    ensure!(size <= LARGEST, "{} has {size} bytes; the limit is {LARGEST}", path.display());
    fs::read(path).with_context(context)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_comes_with_its_files_in_the_order_of_their_names() {
        let base = tempfile::tempdir().unwrap();
        let folder = base.path().join("tool");
        fs::create_dir_all(folder.join("lib")).unwrap();
        for file in ["run", "lib/b", "lib/a"] {
            fs::write(folder.join(file), file).unwrap();
        }
        let items = [folder.display().to_string(), "bpftrace".into()];
        let payload = Payload::read(&items, "opt").unwrap();
        let paths: Vec<&str> = payload.files().iter().map(|file| file.path.as_str()).collect();
        assert_eq!(paths, ["opt/tool/lib/a", "opt/tool/lib/b", "opt/tool/run"]);
        assert_eq!(payload.wanted, ["bpftrace"]);
        let missing = base.path().join("nowhere").display().to_string();
        let error = format!("{:#}", Payload::read(&[missing], "opt").unwrap_err());
        assert!(error.contains("nowhere, which --bring names"), "{error}");
    }
}
