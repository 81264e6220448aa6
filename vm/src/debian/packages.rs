//! Debian packages that a user adds to a guest: their files, and those of the packages
//! that they depend on, as apt would install them. Nothing is installed: no script of a
//! package runs. `alternatives.rs` finds the links that scripts would make.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use anyhow::{Context, Result};

use super::alternatives::{self, Alternative};
use super::unpack::Unpacked;
use super::userland::{Chosen, Userland, load, store};
use crate::arch::LIBRARY_FOLDERS;
use crate::cache::{Cache, Kind, Lock, Wanted};
use crate::debian::apt::Apt;
use crate::files::digest;
use crate::image::closure::merged;
use crate::image::tree::PROGRAM_FOLDERS;

/// The suites, which are those of the guest's own programs: a library of another
/// release would replace theirs.
const SUITES: [&str; 2] = ["bookworm", "bookworm-security"];

/// The version of the files of a cached entry. Raise it when they change.
const FORMAT: u32 = 3;

/// Folders that no program needs to run: documentation, translations, files for
/// desktops, and headers.
const LEFT_OUT: &[&str] = &[
    "usr/include",
    "usr/lib/debug",
    "usr/share/applications",
    "usr/share/bash-completion",
    "usr/share/bug",
    "usr/share/doc",
    "usr/share/doc-base",
    "usr/share/icons",
    "usr/share/info",
    "usr/share/lintian",
    "usr/share/locale",
    "usr/share/man",
    "usr/share/menu",
    "usr/share/pixmaps",
];

/// Returns the packages `names` with all that they depend on: the cached ones, without
/// using the network, or else the mirror's newest.
///
/// # Errors
/// When packages cannot be fetched.
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
    let mut all = names.to_vec();
    all.extend(apt.closure(names)?.into_iter().filter(|name| !names.contains(name)));
    let folder = lock.scratch()?;
    let unpacked = apt.fetch_whole(&all, folder.path())?;
    let mut chosen = Chosen::default();
    list(folder.path(), "", &mut chosen)?;
    add_alternatives(&unpacked, &mut chosen);
    settle_conflicts(&mut chosen);
    add_owners(&unpacked, &mut chosen);
    let packages = unpacked.into_iter().map(|unpacked| unpacked.package).collect();
    store(chosen, packages, made).map(|about| format!("{}: {about}", names.join(", ")))
}

/// Adds everything in `folder`, whose path from the root is `prefix`. Returns whether
/// that is anything.
fn list(folder: &Path, prefix: &str, chosen: &mut Chosen) -> Result<bool> {
    let context = || format!("failed to list {}", folder.display());
    let mut is_empty = true;
    for entry in fs::read_dir(folder).with_context(context)? {
        let entry = entry.with_context(context)?;
        is_empty = false;
        // No program of Debian has such a file.
        let Some(name) = entry.file_name().to_str().map(str::to_owned) else { continue };
        let path = if prefix.is_empty() { name } else { format!("{prefix}/{name}") };
        let place = merged(&path);
        if is_left_out(&place) {
            continue;
        }
        let (file, kind) = (entry.path(), entry.file_type().with_context(context)?);
        let context = || format!("failed to read {}", file.display());
        let mode =
            || Ok::<_, anyhow::Error>(entry.metadata().with_context(context)?.permissions().mode() & 0o7777);
        if kind.is_dir() {
            let mode = mode()?;
            if !list(&file, &path, chosen)? || mode != 0o755 {
                chosen.folders.insert(place, mode);
            }
        } else if kind.is_symlink() {
            let target = fs::read_link(&file).with_context(context)?;
            chosen.links.insert(place, target.to_string_lossy().into_owned());
        } else if kind.is_file() {
            chosen.files.insert(place, (mode()?, fs::read(&file).with_context(context)?));
        }
    }
    Ok(!is_empty)
}

/// Whether no program needs the file or folder `path` to run. Of libraries, these are
/// the static ones, and the C library's tables of character sets.
fn is_left_out(path: &str) -> bool {
    let [libraries, more] = LIBRARY_FOLDERS;
    let is_static = path.ends_with(".a") && path.starts_with(more);
    is_static || LEFT_OUT.contains(&path) || path.strip_prefix(libraries) == Some("/gconv")
}

/// Adds the links that scripts would make to files of the packages.
fn add_alternatives(unpacked: &[Unpacked], chosen: &mut Chosen) {
    let mut best: BTreeMap<String, (Alternative, &str)> = BTreeMap::new();
    let all = unpacked.iter().flat_map(|unpacked| {
        let found = alternatives::parse(&unpacked.postinst);
        found.into_iter().map(|found| (found, unpacked.package.name.as_str()))
    });
    for (found, package) in all {
        let (link, target) = (merged(&found.link), merged(&found.target));
        let is_there = chosen.files.contains_key(&target) || chosen.links.contains_key(&target);
        let has_better = best.get(&link).is_some_and(|(best, _)| best.priority >= found.priority);
        if is_there && !has_better && !chosen.files.contains_key(&link) {
            best.insert(link, (found, package));
        }
    }
    for (link, (found, package)) in best {
        let name = format!("etc/alternatives/{}", found.name);
        chosen.owners.insert(link.clone(), package.to_owned());
        chosen.links.insert(link, format!("/{name}"));
        chosen.links.insert(name, found.target);
    }
}

/// Leaves one thing at each path. Packages for an unmerged `/usr` may have a file in
/// `bin` and a link to it in `usr/bin`, which are the same path in the guest.
fn settle_conflicts(chosen: &mut Chosen) {
    let Chosen { files, links, folders, .. } = chosen;
    links.retain(|path, _| {
        let below = format!("{path}/");
        let has_files = files.range(below.clone()..).next().is_some_and(|(path, _)| path.starts_with(&below));
        !files.contains_key(path) && !has_files
    });
    folders.retain(|path, _| !files.contains_key(path) && !links.contains_key(path));
}

/// Notes the packages of programs and links.
fn add_owners(unpacked: &[Unpacked], chosen: &mut Chosen) {
    for Unpacked { package, paths, .. } in unpacked {
        for path in paths.iter().map(|path| merged(path)) {
            let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
            if chosen.links.contains_key(&path)
                || PROGRAM_FOLDERS.contains(&folder) && chosen.files.contains_key(&path)
            {
                chosen.owners.insert(path, package.name.clone());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::debian::apt::Package;
    use std::os::unix::fs::symlink;

    /// A folder with these files, which contain their paths.
    fn folder(paths: &[&str]) -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        for path in paths {
            let file = folder.path().join(path);
            fs::create_dir_all(file.parent().unwrap()).unwrap();
            fs::write(file, path).unwrap();
        }
        folder
    }

    fn unpacked(name: &str, paths: &[&str], postinst: &str) -> Unpacked {
        let package = Package { name: name.into(), version: "1".into() };
        Unpacked {
            package,
            paths: paths.iter().map(|path| path.to_string()).collect(),
            postinst: postinst.into(),
        }
    }

    #[test]
    fn all_files_of_a_package_are_chosen_except_those_that_no_program_needs() {
        let folder = folder(&[
            "bin/a",
            "lib/python3/b.py",
            "usr/share/doc/a/copyright",
            "usr/share/a/b",
            "usr/include/a.h",
            "usr/lib/x86_64-linux-gnu/liba.a",
            "usr/lib/x86_64-linux-gnu/gconv/a.so",
        ]);
        fs::create_dir_all(folder.path().join("var/lib/a")).unwrap();
        symlink("a", folder.path().join("bin/c")).unwrap();
        let mut chosen = Chosen::default();
        list(folder.path(), "", &mut chosen).unwrap();
        let paths: Vec<&str> = chosen.files.keys().map(String::as_str).collect();
        assert_eq!(paths, ["usr/bin/a", "usr/lib/python3/b.py", "usr/share/a/b"]);
        assert_eq!(chosen.files["usr/bin/a"].1, b"bin/a");
        assert_eq!(chosen.links["usr/bin/c"], "a");
        assert_eq!(chosen.folders.keys().collect::<Vec<_>>(), ["var/lib/a"]);
    }

    #[test]
    fn a_link_that_a_script_would_make_leads_to_the_program_of_the_highest_priority() {
        let folder = folder(&["bin/mawk", "usr/bin/gawk", "usr/bin/nc"]);
        let mut chosen = Chosen::default();
        list(folder.path(), "", &mut chosen).unwrap();
        let install = |link: &str, target: &str, priority: i32| {
            format!("update-alternatives --install {link} {} {target} {priority}\n", &link[9..])
        };
        let mawk = install("/usr/bin/awk", "/usr/bin/mawk", 5) + &install("/usr/bin/nc", "/usr/bin/mawk", 5);
        let all = [
            unpacked("gawk", &["usr/bin/gawk"], &install("/usr/bin/awk", "/usr/bin/gawk", 10)),
            unpacked("mawk", &["bin/mawk"], &mawk),
            unpacked("vim", &[], &install("/usr/bin/editor", "/usr/bin/vim", 10)),
        ];
        add_alternatives(&all, &mut chosen);
        add_owners(&all, &mut chosen);
        let links: Vec<(&str, &str)> = chosen.links.iter().map(|(path, to)| (&**path, &**to)).collect();
        assert_eq!(
            links,
            [("etc/alternatives/awk", "/usr/bin/gawk"), ("usr/bin/awk", "/etc/alternatives/awk")]
        );
        assert_eq!([&chosen.owners["usr/bin/mawk"], &chosen.owners["usr/bin/awk"]], ["mawk", "gawk"]);
    }

    #[test]
    fn a_link_to_a_file_of_the_same_path_is_dropped() {
        let folder = folder(&["bin/a", "lib/b/c"]);
        fs::create_dir_all(folder.path().join("usr/bin")).unwrap();
        fs::create_dir_all(folder.path().join("usr/lib")).unwrap();
        symlink("/bin/a", folder.path().join("usr/bin/a")).unwrap();
        symlink("/lib/b", folder.path().join("usr/lib/b")).unwrap();
        let mut chosen = Chosen::default();
        list(folder.path(), "", &mut chosen).unwrap();
        settle_conflicts(&mut chosen);
        assert!(chosen.links.is_empty() && chosen.files.len() == 2, "{:?}", chosen.links);
    }
}
