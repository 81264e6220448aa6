//! The Debian userland of the guest: the programs in `guest.toml` with the libraries
//! that they need. They come from the mirror's packages and not from this machine,
//! so the image is the same everywhere.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result};
use hookbench_results::store::write_whole;
use serde::{Deserialize, Serialize};

use crate::cache::{Cache, Kind, Lease, Lock, Wanted};
use crate::debian::apt::{Apt, Package};
use crate::debian::policies;
use crate::files::digest;
use crate::image::closure::Closure;
use crate::image::{Content, GuestFile};

/// The table of the guest's programs.
const TABLE: &str = include_str!("../../guest.toml");

/// The file with the contents of a cached userland.
const CONTENTS: &str = "userland.json";

/// The version of the files of a cached userland. Raise it when they change.
const FORMAT: u32 = 1;

/// The files of Debian in the guest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Userland {
    /// The files, by path.
    pub files: Vec<GuestFile>,
    /// The packages that they come from: names and versions.
    pub packages: Vec<(String, String)>,
    /// The packages of programs and links, by path. Empty for the guest's own programs.
    pub owners: BTreeMap<String, String>,
}

/// `guest.toml`; its comments describe the fields.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GuestTable {
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

/// The contents of an entry of the cache: the files taken out of packages.
#[derive(Serialize, Deserialize)]
struct Contents {
    packages: Vec<(String, String)>,
    /// Path and mode in the guest. The bytes are in the folder `root`.
    files: Vec<(String, u32)>,
    /// Path in the guest, and target.
    links: Vec<(String, String)>,
    /// Path and mode in the guest of folders that are empty or not of mode 755.
    #[serde(default)]
    folders: Vec<(String, u32)>,
    /// Path in the guest of programs and links, and the package that has them.
    #[serde(default)]
    owners: Vec<(String, String)>,
}

/// The files that go into an entry of the cache. Its paths are the guest's.
#[derive(Default)]
pub(super) struct Chosen {
    /// Modes and bytes by path.
    pub(super) files: BTreeMap<String, (u32, Vec<u8>)>,
    /// Targets of links by path.
    pub(super) links: BTreeMap<String, String>,
    /// Modes by path, of folders that are empty or not of mode 755.
    pub(super) folders: BTreeMap<String, u32>,
    /// The packages of programs and links, by path.
    pub(super) owners: BTreeMap<String, String>,
}

/// Returns the guest's userland: the cached one, without using the network, or else a
/// new one from the mirror's newest packages.
///
/// # Errors
/// When packages cannot be fetched, or do not have a file that `guest.toml` names.
pub fn fetch(cache: &Cache, progress: &dyn Fn(&str)) -> Result<Userland> {
    let table: GuestTable = toml::from_str(TABLE).context("failed to read the table vm/guest.toml")?;
    let lease = cache
        .obtain(&wanted(&key()), progress, |lock, made| download(&table, lock, made, progress))
        .context("failed to get the guest's programs")?;
    read(&table, &lease)
}

/// Returns the name in the cache. Another table has another name, so two versions of
/// hookbench do not replace each other's userland.
fn key() -> String {
    digest::sha256(format!("{FORMAT} {TABLE} {}", policies::sources()).as_bytes())
}

fn wanted(key: &str) -> Wanted<'_> {
    Wanted { kind: Kind::USERLAND, key, source: "" }
}

/// Reads the userland in an entry of the cache.
fn read(table: &GuestTable, lease: &Lease) -> Result<Userland> {
    let mut userland = load(lease)?;
    userland.files.extend(table_files(table));
    userland.files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(userland)
}

/// Reads the files of packages in an entry of the cache.
pub(super) fn load(lease: &Lease) -> Result<Userland> {
    let bytes = |path: &Path| fs::read(path).with_context(|| format!("failed to read {}", path.display()));
    let path = lease.file(CONTENTS);
    let contents: Contents = serde_json::from_slice(&bytes(&path)?)
        .with_context(|| format!("failed to parse {}", path.display()))?;
    let mut files = Vec::new();
    for (path, mode) in contents.files {
        let content = Content::File(bytes(&lease.file("root").join(&path))?);
        files.push(GuestFile { path, mode, content });
    }
    for (path, target) in contents.links {
        files.push(GuestFile { path, mode: 0o777, content: Content::Symlink(target) });
    }
    for (path, mode) in contents.folders {
        files.push(GuestFile { path, mode, content: Content::Directory });
    }
    Ok(Userland { files, packages: contents.packages, owners: contents.owners.into_iter().collect() })
}

/// Returns the files, links and folders of the table, which are in no package.
fn table_files(table: &GuestTable) -> Vec<GuestFile> {
    let folders = table.folder.iter().map(|row| (&row.path, row.mode, Content::Directory));
    let links = table.link.iter().map(|row| (&row.path, 0o777, Content::Symlink(row.target.clone())));
    let files =
        table.file.iter().map(|row| (&row.path, row.mode, Content::File(row.text.clone().into_bytes())));
    let all = folders.chain(links).chain(files);
    all.map(|(path, mode, content)| GuestFile { path: path.clone(), mode, content }).collect()
}

/// Puts the programs into the folder `made`. Returns a description.
fn download(table: &GuestTable, lock: &Lock, made: &Path, progress: &dyn Fn(&str)) -> Result<String> {
    let apt = Apt::open(lock, &table.suites, progress)?;
    let unpacked = lock.scratch()?;
    let packages = apt.fetch(&table.packages, unpacked.path())?;
    let chosen = closure(table, unpacked.path())?;

    let scratch = lock.scratch()?;
    let policies = policies::compile(unpacked.path(), scratch.path())?;
    let policies = policies.into_iter().map(|(path, bytes)| (path, (0o644, bytes)));
    let files = chosen.files.into_iter().chain(policies).collect();
    store(Chosen { files, links: chosen.links, ..Chosen::default() }, packages, made)
}

/// Writes the `chosen` files of packages into the folder `made`. Returns a description.
pub(super) fn store(chosen: Chosen, packages: Vec<Package>, made: &Path) -> Result<String> {
    let mut files = Vec::new();
    for (path, (mode, bytes)) in chosen.files {
        let target = made.join("root").join(&path);
        let parent = target.parent().unwrap_or(made);
        fs::create_dir_all(parent).with_context(|| format!("failed to make {}", parent.display()))?;
        write_whole(&target, &bytes)?;
        files.push((path, mode));
    }
    let about = format!("{} files out of {} packages", files.len(), packages.len());
    let contents = Contents {
        packages: packages.into_iter().map(|package| (package.name, package.version)).collect(),
        files,
        links: chosen.links.into_iter().collect(),
        folders: chosen.folders.into_iter().collect(),
        owners: chosen.owners.into_iter().collect(),
    };
    let json = serde_json::to_vec_pretty(&contents).context("failed to render the contents of the guest")?;
    write_whole(&made.join(CONTENTS), &json)?;
    Ok(about)
}

fn closure(table: &GuestTable, unpacked: &Path) -> Result<Closure> {
    let mut closure = Closure::new(unpacked);
    for path in &table.copies {
        closure.copy(path)?;
    }
    for path in &table.programs {
        closure.program(path)?;
    }
    for name in &table.libraries {
        closure.library(name, "vm/guest.toml")?;
    }
    Ok(closure)
}
