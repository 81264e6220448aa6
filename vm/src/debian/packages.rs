//! Debian packages that a user adds to a guest: their files, and the libraries that
//! their programs need, out of the packages that they depend on. Nothing is installed.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use crate::cache::{Cache, Kind, Lock, Wanted};
use crate::debian::apt::Apt;
use crate::debian::userland::{Userland, load, store};
use crate::files::digest;
use crate::image::closure::{Closure, merged};

/// The suites, which are those of the guest's own programs: a library of another
/// release would replace theirs.
const SUITES: [&str; 2] = ["bookworm", "bookworm-security"];

/// The version of the files of a cached entry. Raise it when they change.
const FORMAT: u32 = 1;

/// Folders that no program needs.
const LEFT_OUT: &[&str] = &["usr/share/doc", "usr/share/man", "usr/share/locale", "usr/share/lintian"];

/// Returns the packages `names`: the cached ones, without using the network, or else
/// the mirror's newest.
///
/// # Errors
/// When packages cannot be fetched, or a library that a program needs is in none of them.
pub fn fetch(names: &[String], cache: &Cache, progress: &dyn Fn(&str)) -> Result<Userland> {
    let mut names = names.to_vec();
    names.sort();
    names.dedup();
    let key = digest::sha256(format!("{FORMAT} {SUITES:?} {}", names.join(" ")).as_bytes());
    let wanted = Wanted { kind: Kind::PACKAGES, key: &key[..32], source: "" };
    let lease = cache
        .obtain(&wanted, progress, |lock, made| download(&names, lock, made, progress))
        .with_context(|| format!("failed to get the packages {}", names.join(", ")))?;
    load(&lease)
}

fn download(names: &[String], lock: &Lock, made: &Path, progress: &dyn Fn(&str)) -> Result<String> {
    let apt = Apt::open(lock, &SUITES.map(String::from), progress)?;
    let others: Vec<String> = apt.closure(names)?.into_iter().filter(|name| !names.contains(name)).collect();
    let unpacked = lock.scratch()?;
    let mut packages = apt.fetch(names, unpacked.path())?;
    // All files of the named packages go into the guest, and of the others those that
    // are needed.
    let mut named = Vec::new();
    list(unpacked.path(), "", &mut named)?;
    if !others.is_empty() {
        packages.extend(apt.fetch(&others, unpacked.path())?);
    }
    let mut chosen = Closure::new(unpacked.path());
    for path in named {
        add(&mut chosen, unpacked.path(), &path)?;
    }
    store(chosen, std::iter::empty(), packages, made).map(|about| format!("{}: {about}", names.join(", ")))
}

/// Lists the files and links in `folder`, whose path from the root is `prefix`.
fn list(folder: &Path, prefix: &str, found: &mut Vec<String>) -> Result<()> {
    let context = || format!("failed to list {}", folder.display());
    for entry in fs::read_dir(folder).with_context(context)? {
        let entry = entry.with_context(context)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        let path = if prefix.is_empty() { name } else { format!("{prefix}/{name}") };
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

fn add(chosen: &mut Closure, unpacked: &Path, path: &str) -> Result<()> {
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
    fn all_files_of_a_package_are_listed_except_documentation() {
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
        add(&mut chosen, folder.path(), "usr/bin/a").unwrap();
        assert_eq!(chosen.files["usr/bin/a"].1, b"usr/bin/a");
    }
}
