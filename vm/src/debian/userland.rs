//! The Debian userland of the guest: the programs that `guest.toml` names, with
//! the libraries they need, out of the mirror's packages and not of this
//! machine, so that the image is the same everywhere.

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

/// What is asked for.
const TABLE: &str = include_str!("../../guest.toml");

/// The file that says what a cached userland is made of.
const CONTENTS: &str = "userland.json";

/// Counts up when the files of a cached userland become others.
const FORMAT: u32 = 1;

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

/// What is in the cache: what of the packages was taken.
#[derive(Serialize, Deserialize)]
struct Contents {
    packages: Vec<(String, String)>,
    /// Path in the guest and mode there; the bytes are below `root`.
    files: Vec<(String, u32)>,
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
    let lease = cache
        .obtain(&wanted(&key()), progress, |lock, made| download(&table, lock, made, progress))
        .context("failed to get the guest's programs")?;
    read(&table, &lease)
}

/// Another table is another userland: two versions of hookbench do not take
/// each other's away.
fn key() -> String {
    digest::sha256(format!("{FORMAT} {TABLE} {}", policies::sources()).as_bytes())
}

fn wanted(key: &str) -> Wanted<'_> {
    Wanted { kind: Kind::USERLAND, key, source: "" }
}

/// The userland in an entry of the cache.
fn read(table: &Table, lease: &Lease) -> Result<Userland> {
    let mut userland = load(lease)?;
    userland.files.extend(own(table));
    userland.files.sort_by(|a, b| a.path.cmp(&b.path));
    Ok(userland)
}

/// What of packages is in an entry of the cache.
pub(crate) fn load(lease: &Lease) -> Result<Userland> {
    let bytes = |path: &Path| fs::read(path).with_context(|| format!("failed to read {}", path.display()));
    let path = lease.file(CONTENTS);
    let contents: Contents = serde_json::from_slice(&bytes(&path)?)
        .with_context(|| format!("failed to understand {}", path.display()))?;
    let mut files = Vec::new();
    for (path, mode) in contents.files {
        let content = Content::File(bytes(&lease.file("root").join(&path))?);
        files.push(GuestFile { path, mode, content });
    }
    for (path, target) in contents.links {
        files.push(GuestFile { path, mode: 0o777, content: Content::Symlink(target) });
    }
    Ok(Userland { files, packages: contents.packages })
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

/// Puts the programs into the folder `made`; what they are.
fn download(table: &Table, lock: &Lock, made: &Path, progress: &dyn Fn(&str)) -> Result<String> {
    let apt = Apt::open(lock, &table.suites, progress)?;
    let unpacked = lock.scratch()?;
    let packages = apt.fetch(&table.packages, unpacked.path())?;
    let chosen = closure(table, unpacked.path())?;

    let scratch = lock.scratch()?;
    let policies = policies::compile(unpacked.path(), scratch.path())?;
    let policies = policies.into_iter().map(|(path, bytes)| (path, (0o644, bytes)));
    keep(chosen, policies, packages, made)
}

/// Puts what was chosen of packages into the folder `made`; what it is.
pub(crate) fn keep(
    chosen: Closure,
    more: impl Iterator<Item = (String, (u32, Vec<u8>))>,
    packages: Vec<Package>,
    made: &Path,
) -> Result<String> {
    let mut files = Vec::new();
    for (path, (mode, bytes)) in chosen.files.into_iter().chain(more) {
        let target = made.join("root").join(&path);
        let above = target.parent().unwrap_or(made);
        fs::create_dir_all(above).with_context(|| format!("failed to make {}", above.display()))?;
        write_whole(&target, &bytes)?;
        files.push((path, mode));
    }
    let about = format!("{} files out of {} packages", files.len(), packages.len());
    let contents = Contents {
        packages: packages.into_iter().map(|package| (package.name, package.version)).collect(),
        files,
        links: chosen.links.into_iter().collect(),
    };
    let json = serde_json::to_vec_pretty(&contents).context("failed to render what the guest holds")?;
    write_whole(&made.join(CONTENTS), &json)?;
    Ok(about)
}

fn closure(table: &Table, unpacked: &Path) -> Result<Closure> {
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
        assert!(begin.elapsed() < Duration::from_millis(500), "{:?}", begin.elapsed());

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
}
