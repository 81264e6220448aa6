//! The Debian userland of the guest: the programs that `guest.toml` names, with
//! the libraries they need, out of the mirror's packages and not of this
//! machine, so that the image is the same everywhere.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use hookbench_results::store::write_whole;
use serde::{Deserialize, Serialize};

use crate::apt::Apt;
use crate::cache::Cache;
use crate::elf;
use crate::image::{Content, GuestFile};

/// What is asked for.
const TABLE: &str = include_str!("../guest.toml");

/// Where the guest's loader looks for libraries; the first is where they are put.
const LIBRARIES: [&str; 2] = ["usr/lib/x86_64-linux-gnu", "usr/lib"];

/// Folders that are links into `usr`.
const MERGED: [&str; 4] = ["bin", "sbin", "lib", "lib64"];

/// The file that says what a cached userland is made of; written last.
const MANIFEST: &str = "userland.json";

/// What of Debian is in the guest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Userland {
    /// The files, by path.
    pub files: Vec<GuestFile>,
    /// The packages they are of: names and versions.
    pub packages: Vec<(String, String)>,
}

/// `guest.toml`; see the comments there.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    suites: Vec<String>,
    packages: Vec<String>,
    programs: Vec<String>,
    libraries: Vec<String>,
    copies: Vec<String>,
    folder: Vec<FolderRow>,
    link: Vec<LinkRow>,
    file: Vec<FileRow>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FolderRow {
    path: String,
    mode: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LinkRow {
    path: String,
    target: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct FileRow {
    path: String,
    mode: u32,
    text: String,
}

/// What is in the cache: what of the packages was taken, and for which table.
#[derive(Serialize, Deserialize)]
struct Manifest {
    table: String,
    packages: Vec<(String, String)>,
    /// Path in the guest, mode and size; the bytes are below `root`.
    files: Vec<(String, u32, u64)>,
    /// Path in the guest and target.
    links: Vec<(String, String)>,
}

/// The guest's userland: the cached one, without network, or else made of the
/// newest packages that the mirror has.
///
/// # Errors
/// When packages must be fetched and cannot be, or lack what `guest.toml` names.
pub fn fetch(cache: &Cache, progress: &dyn Fn(&str)) -> Result<Userland> {
    let table: Table = toml::from_str(TABLE).context("failed to read the table vm/guest.toml")?;
    let folder = cache.root().join("userland");
    if let Some(userland) = cached(&folder, &table) {
        return Ok(userland);
    }
    let _lock = cache.lock(progress)?;
    // Another hookbench may have made it while this one waited.
    if let Some(userland) = cached(&folder, &table) {
        return Ok(userland);
    }
    download(&table, cache, &folder, progress).context("failed to get the guest's programs")?;
    cached(&folder, &table)
        .with_context(|| format!("the guest's programs in {} vanished; try again", folder.display()))
}

/// The userland in `folder` when it is whole and made for this table.
fn cached(folder: &Path, table: &Table) -> Option<Userland> {
    let manifest: Manifest = serde_json::from_slice(&fs::read(folder.join(MANIFEST)).ok()?).ok()?;
    if manifest.table != TABLE {
        return None;
    }
    let mut files = Vec::new();
    for (path, mode, size) in manifest.files {
        let bytes = fs::read(folder.join("root").join(&path)).ok()?;
        if bytes.len() as u64 != size {
            return None;
        }
        files.push(GuestFile { path, mode, content: Content::File(bytes) });
    }
    for (path, target) in manifest.links {
        files.push(GuestFile { path, mode: 0o777, content: Content::Symlink(target) });
    }
    files.extend(own(table));
    files.sort_by(|a, b| a.path.cmp(&b.path));
    Some(Userland { files, packages: manifest.packages })
}

/// What is in no package.
fn own(table: &Table) -> Vec<GuestFile> {
    let folders = table.folder.iter().map(|row| (&row.path, row.mode, Content::Directory));
    let links = table.link.iter().map(|row| (&row.path, 0o777, Content::Symlink(row.target.clone())));
    let files =
        table.file.iter().map(|row| (&row.path, row.mode, Content::File(row.text.clone().into_bytes())));
    let all = folders.chain(links).chain(files);
    all.map(|(path, mode, content)| GuestFile { path: path.clone(), mode, content }).collect()
}

fn download(table: &Table, cache: &Cache, folder: &Path, progress: &dyn Fn(&str)) -> Result<()> {
    let apt = Apt::open(cache, &table.suites, progress)?;
    progress(&format!(
        "downloading {} packages for the guest, such as {} (from the configured mirror)",
        table.packages.len(),
        table.packages.first().map_or("", String::as_str)
    ));
    let unpacked = cache.scratch()?;
    let packages = apt.fetch(&table.packages, unpacked.path())?;
    let chosen = Chosen::of(table, unpacked.path())?;

    let made = cache.scratch()?;
    let mut files = Vec::new();
    for (path, (mode, bytes)) in chosen.files {
        let target = made.path().join("root").join(&path);
        let above = target.parent().unwrap_or(made.path());
        fs::create_dir_all(above).with_context(|| format!("failed to make {}", above.display()))?;
        write_whole(&target, &bytes)?;
        files.push((path, mode, bytes.len() as u64));
    }
    let manifest = Manifest {
        table: TABLE.to_owned(),
        packages: packages.into_iter().map(|package| (package.name, package.version)).collect(),
        files,
        links: chosen.links.into_iter().collect(),
    };
    let json = serde_json::to_vec_pretty(&manifest).context("failed to render what the guest holds")?;
    write_whole(&made.path().join(MANIFEST), &json)?;
    cache.publish(made, folder)
}

/// What of the unpacked packages goes into the guest.
#[derive(Default)]
struct Chosen {
    /// Modes and bytes by path.
    files: BTreeMap<String, (u32, Vec<u8>)>,
    /// Targets by path.
    links: BTreeMap<String, String>,
}

impl Chosen {
    fn of(table: &Table, unpacked: &Path) -> Result<Chosen> {
        let mut chosen = Chosen::default();
        for path in &table.copies {
            let taken = take(unpacked, path).with_context(|| missing(path))?;
            chosen.files.insert(path.clone(), taken);
        }
        for path in &table.programs {
            let (mode, bytes) = take(unpacked, path).with_context(|| missing(path))?;
            chosen.follow(unpacked, path, &bytes)?;
            chosen.files.insert(path.clone(), (mode, bytes));
        }
        for name in &table.libraries {
            chosen.library(unpacked, name, "vm/guest.toml")?;
        }
        Ok(chosen)
    }

    /// Takes what the program or library `bytes` of the file `path` needs.
    fn follow(&mut self, unpacked: &Path, path: &str, bytes: &[u8]) -> Result<()> {
        let needs = elf::needs(bytes).with_context(|| format!("failed to read /{path} of its package"))?;
        if let Some(interpreter) = needs.interpreter {
            let Some((_, name)) = interpreter.rsplit_once('/') else {
                bail!("/{path} has the loader {interpreter:?}, which is not a path");
            };
            self.library(unpacked, name, path)?;
            self.links.insert(merged(&interpreter), format!("/{}/{name}", LIBRARIES[0]));
        }
        for library in needs.libraries {
            self.library(unpacked, &library, path)?;
        }
        Ok(())
    }

    /// Takes the library `name`, under this very name, and what it needs.
    fn library(&mut self, unpacked: &Path, name: &str, wanted_by: &str) -> Result<()> {
        let path = format!("{}/{name}", LIBRARIES[0]);
        if self.files.contains_key(&path) {
            return Ok(());
        }
        let found = LIBRARIES.iter().find_map(|folder| take(unpacked, &format!("{folder}/{name}")));
        let (mode, bytes) = found.with_context(|| {
            format!("{wanted_by} needs {name}, which is in none of the packages that vm/guest.toml names")
        })?;
        self.files.insert(path.clone(), (mode, bytes.clone()));
        self.follow(unpacked, &path, &bytes)
    }
}

fn missing(path: &str) -> String {
    format!("/{path} is in none of the packages that vm/guest.toml names")
}

/// The guest's path of what a package or program calls `path`.
fn merged(path: &str) -> String {
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
    use crate::image;
    use std::collections::BTreeSet;
    use std::time::{Duration, Instant};

    #[test]
    fn fetches_the_guests_programs_once() {
        let cache = Cache::open().unwrap();
        let userland = fetch(&cache, &|line| println!("{line}")).unwrap();
        let begin = Instant::now();
        assert_eq!(fetch(&cache, &|line| panic!("{line}")).unwrap(), userland);
        assert!(begin.elapsed() < Duration::from_millis(200), "{:?}", begin.elapsed());

        let table: Table = toml::from_str(TABLE).unwrap();
        let names: Vec<&String> = userland.packages.iter().map(|(name, _)| name).collect();
        assert_eq!(names, table.packages.iter().collect::<Vec<_>>());
        let paths: BTreeSet<&str> = userland.files.iter().map(|file| file.path.as_str()).collect();
        for path in table.programs.iter().chain(&table.copies) {
            assert!(paths.contains(path.as_str()), "{path}");
        }
        assert!(paths.contains("usr/lib64/ld-linux-x86-64.so.2"));
        assert_eq!(image::build(&userland.files).unwrap(), image::build(&userland.files).unwrap());
    }

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
        let error =
            Chosen::default().follow(folder.path(), "usr/bin/true", &program).unwrap_err().to_string();
        assert!(error.contains("usr/bin/true needs ld-linux-x86-64.so.2"), "{error}");
    }

    #[test]
    fn paths_are_those_of_a_merged_usr() {
        assert_eq!(merged("/lib64/ld-linux-x86-64.so.2"), "usr/lib64/ld-linux-x86-64.so.2");
        assert_eq!(merged("usr/bin/a"), "usr/bin/a");
        assert_eq!(merged("libexec/a"), "libexec/a");
    }
}
