//! Debian packages that a user brings to a guest: their files, and the libraries that
//! their programs need out of the packages they depend on. Nothing is installed.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use crate::cache::{Cache, Kind, Lock, Wanted};
use crate::debian::apt::Apt;
use crate::debian::userland::{Userland, keep, load};
use crate::files::digest;
use crate::image::closure::{Closure, merged};

/// Those of the guest's own programs: a library of another release would be
/// put in the place of theirs.
const SUITES: [&str; 2] = ["bookworm", "bookworm-security"];

/// Counts up when the files of a cached entry become others.
const FORMAT: u32 = 1;

/// What no program needs to run.
const LEFT_OUT: &[&str] = &["usr/share/doc", "usr/share/man", "usr/share/locale", "usr/share/lintian"];

/// The packages `names`, out of the cache without network, or else the newest that
/// the mirror has.
///
/// # Errors
/// When they must be fetched and cannot be, or lack a library that they need.
pub fn fetch(names: &[String], cache: &Cache, progress: &dyn Fn(&str)) -> Result<Userland> {
    let mut names = names.to_vec();
    names.sort();
    names.dedup();
    let key = digest::sha256(format!("{FORMAT} {SUITES:?} {}", names.join(" ")).as_bytes());
    let wanted = Wanted { kind: Kind::PACKAGES, key: &key[..32], source: "" };
    let lease = cache
        .obtain(&wanted, progress, |lock, made| download(&names, lock, made, progress))
        .with_context(|| format!("failed to bring {}", names.join(", ")))?;
    load(&lease)
}

fn download(names: &[String], lock: &Lock, made: &Path, progress: &dyn Fn(&str)) -> Result<String> {
    let apt = Apt::open(lock, &SUITES.map(String::from), progress)?;
    let others: Vec<String> = apt.closure(names)?.into_iter().filter(|name| !names.contains(name)).collect();
    let unpacked = lock.scratch()?;
    let mut packages = apt.fetch(names, unpacked.path())?;
    // Of these all is taken; of the others what is needed of them.
    let mut own = Vec::new();
    list(unpacked.path(), "", &mut own)?;
    if !others.is_empty() {
        packages.extend(apt.fetch(&others, unpacked.path())?);
    }
    let mut chosen = Closure::new(unpacked.path());
    for path in own {
        take(&mut chosen, unpacked.path(), &path)?;
    }
    keep(chosen, std::iter::empty(), packages, made).map(|about| format!("{}: {about}", names.join(", ")))
}

/// The files and links below `folder`, by their paths from its root.
fn list(folder: &Path, below: &str, found: &mut Vec<String>) -> Result<()> {
    let context = || format!("failed to list {}", folder.display());
    for entry in fs::read_dir(folder).with_context(context)? {
        let entry = entry.with_context(context)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = if below.is_empty() { name } else { format!("{below}/{name}") };
        if LEFT_OUT.contains(&path.as_str()) {
            continue;
        }
        if entry.file_type().with_context(context)?.is_dir() {
            list(&entry.path(), &path, found)?;
        } else {
            found.push(path);
        }
    }
    Ok(())
}

fn take(chosen: &mut Closure, unpacked: &Path, path: &str) -> Result<()> {
    let file = unpacked.join(path);
    let context = || format!("failed to read {}", file.display());
    if fs::symlink_metadata(&file).with_context(context)?.is_symlink() {
        let target = fs::read_link(&file).with_context(context)?;
        chosen.links.insert(merged(path), target.to_string_lossy().into_owned());
        return Ok(());
    }
    let is_program = fs::read(&file).with_context(context)?.starts_with(b"\x7fELF");
    if is_program { chosen.program(&merged(path)) } else { chosen.copy(&merged(path)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_of_a_package_is_listed_but_what_people_read() {
        let folder = tempfile::tempdir().unwrap();
        for path in ["usr/bin/a", "usr/share/doc/a/copyright", "usr/share/a/b"] {
            let file = folder.path().join(path);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, path).unwrap();
        }
        let mut found = Vec::new();
        list(folder.path(), "", &mut found).unwrap();
        found.sort();
        assert_eq!(found, ["usr/bin/a", "usr/share/a/b"]);
        let mut chosen = Closure::new(folder.path());
        take(&mut chosen, folder.path(), "usr/bin/a").unwrap();
        assert_eq!(chosen.files["usr/bin/a"].1, b"usr/bin/a");
    }
}
