//! The folders and files that rules name. The kernel takes no rule about a folder that does not exist, nor about a
//! file without its folder. It takes a rule about a missing file, but keeps it in another list than that of a file
//! that exists, and a guest has few of either.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::custom::rules::{Place, RuleFile};

/// Folders in which the kernel makes the entries.
const OF_THE_KERNEL: [&str; 3] = ["/proc", "/sys", "/dev"];

/// A folder in one of them that user space makes.
const OF_USER_SPACE: &str = "/dev/shm";

/// A file that the dynamic loader reads in every program, so its existence would change what is timed.
const CHANGES_PROGRAMS: &str = "/etc/ld.so.preload";

/// How many places a note names.
const NAMED: usize = 5;

/// Makes the missing folders and files, empty. Returns a note about them, if there were any. A place that cannot be
/// made is left out: the kernel says why it refuses its rule.
pub(super) fn make(file: &RuleFile) -> Option<String> {
    let rules = file.lines().iter().filter_map(|line| line.effect.rule.as_ref());
    let places: BTreeSet<&Place> = rules.flat_map(|rule| &rule.places).collect();
    let missing = |path: &&Path| !path.exists();
    // Folders come first: a watch may name one that another rule needs as a folder.
    let folders: BTreeSet<&Path> = places.iter().filter_map(|place| folder(place)).filter(missing).collect();
    let folders = made(folders, |path| fs::create_dir_all(path).is_ok());
    let files: BTreeSet<&Path> =
        places.iter().filter_map(|place| self::file(place)).filter(missing).collect();
    let files = made(files, |path| fs::File::create_new(path).is_ok());
    let counts = [counted(folders.len(), "empty folder"), counted(files.len(), "empty file")];
    let counts: Vec<String> = counts.into_iter().flatten().collect();
    let all = [folders, files].concat();
    let (named, rest) = all.split_at(all.len().min(NAMED));
    let more = if rest.is_empty() { String::new() } else { format!(" and {} more", rest.len()) };
    let note =
        || format!("hookbench made {} that the rules name: {}{more}", counts.join(" and "), named.join(", "));
    (!all.is_empty()).then(note)
}

/// The paths that `make` could make.
fn made(paths: BTreeSet<&Path>, make: impl Fn(&Path) -> bool) -> Vec<String> {
    paths.into_iter().filter(|path| make(path)).map(|path| path.display().to_string()).collect()
}

/// `1 empty file`, `2 empty files`; `None` for zero.
fn counted(number: usize, noun: &str) -> Option<String> {
    let ending = if number == 1 { "" } else { "s" };
    (number > 0).then(|| format!("{number} {noun}{ending}"))
}

/// The file that is made if it does not exist.
fn file(place: &Place) -> Option<&Path> {
    let Place::File(path) = place else { return None };
    let path = Path::new(path);
    (folder(place).is_some() && path != CHANGES_PROGRAMS).then_some(path)
}

/// The folder that has to exist.
fn folder(place: &Place) -> Option<&Path> {
    let folder = match place {
        Place::Folder(path) => Path::new(path.trim_end_matches('/')),
        Place::File(path) => Path::new(path.trim_end_matches('/')).parent()?,
    };
    let of_the_kernel =
        !folder.starts_with(OF_USER_SPACE) && OF_THE_KERNEL.iter().any(|theirs| folder.starts_with(theirs));
    (folder.is_absolute() && !of_the_kernel).then_some(folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_needs_its_folder_and_what_the_kernel_makes_is_left_alone() {
        let of = |place: Place| folder(&place).map(|path| path.display().to_string());
        assert_eq!(of(Place::Folder("/etc/selinux//".into())).as_deref(), Some("/etc/selinux"));
        assert_eq!(of(Place::File("/etc/security/opasswd".into())).as_deref(), Some("/etc/security"));
        assert_eq!(of(Place::Folder("/sys/kernel/x".into())), None);
        assert_eq!((of(Place::Folder("/".into())), of(Place::File("/proc/1".into()))), (None, None));
        assert_eq!(of(Place::Folder("/dev/shm/".into())).as_deref(), Some("/dev/shm"));
        assert_eq!(of(Place::Folder("/procure".into())).as_deref(), Some("/procure"));
    }

    #[test]
    fn missing_places_are_made_and_named() {
        let base = tempfile::tempdir().unwrap();
        let at = |name: &str| base.path().join(name).display().to_string();
        let text = format!("-w {}\n-a always,exit -F dir={}\n-w {}\n", at("a/b/file"), at("c/"), at("file"));
        let file = RuleFile::read(text.as_bytes()).unwrap();
        let note = make(&file).unwrap();
        let (folders, files) = ([at("a/b"), at("c")].join(", "), [at("a/b/file"), at("file")].join(", "));
        let counts = "2 empty folders and 2 empty files";
        assert_eq!(note, format!("hookbench made {counts} that the rules name: {folders}, {files}"));
        assert_eq!(make(&file), None);
        assert_eq!(self::file(&Place::File(CHANGES_PROGRAMS.into())), None);
    }
}
