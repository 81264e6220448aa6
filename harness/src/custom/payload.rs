//! The payload of commands that users supply: files and folders of this machine, and the
//! files of Debian packages. A guest finds all of it at the paths given here.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use hookbench_vm::cache::Cache;
use hookbench_vm::image::{Content, GuestFile};
use hookbench_vm::packages;

/// The largest file that a user can supply, in bytes.
const LARGEST: u64 = 64 << 20;

/// The payload of commands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Payload {
    files: Vec<GuestFile>,
    /// The names of packages that `fetch` has not obtained yet.
    wanted: Vec<String>,
    /// Names and versions of the packages in `files`.
    packages: Vec<(String, String)>,
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

    /// Downloads the packages, or finds them in the cache.
    ///
    /// # Errors
    /// When a package does not exist, or cannot be downloaded.
    pub(crate) fn fetch(&mut self, cache: &Cache, progress: &dyn Fn(&str)) -> Result<()> {
        let wanted = std::mem::take(&mut self.wanted);
        if !wanted.is_empty() {
            let fetched = packages::fetch(&wanted, cache, progress)?;
            self.files.extend(fetched.files);
            self.packages = fetched.packages;
        }
        Ok(())
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
