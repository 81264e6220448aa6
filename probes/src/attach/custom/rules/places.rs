//! The folders that rules name. The kernel takes no rule about a folder that does not exist, nor about a file without
//! its folder, and a guest has few folders.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::custom::rules::{Place, RuleFile};

/// Folders in which the kernel makes the entries.
const OF_THE_KERNEL: [&str; 3] = ["/proc", "/sys", "/dev"];

/// A folder in one of them that user space makes.
const OF_USER_SPACE: &str = "/dev/shm";

/// How many folders a note names.
const NAMED: usize = 5;

/// Makes the missing folders, empty. Returns a note about them, if there were any. A folder that cannot be made is
/// left out: the kernel says why it refuses its rule.
pub(super) fn make(file: &RuleFile) -> Option<String> {
    let places =
        file.lines().iter().filter_map(|line| line.effect.rule.as_ref()).flat_map(|rule| &rule.places);
    let folders: BTreeSet<&Path> = places.filter_map(folder).collect();
    let missing = folders.into_iter().filter(|folder| !folder.exists());
    let made: Vec<String> = missing
        .filter(|folder| fs::create_dir_all(folder).is_ok())
        .map(|folder| folder.display().to_string())
        .collect();
    let (named, rest) = made.split_at(made.len().min(NAMED));
    let more = if rest.is_empty() { String::new() } else { format!(" and {} more", rest.len()) };
    let folders =
        if made.len() == 1 { "1 empty folder".into() } else { format!("{} empty folders", made.len()) };
    let note = || format!("hookbench made {folders} that the rules need: {}{more}", named.join(", "));
    (!made.is_empty()).then(note)
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
    fn missing_folders_are_made_and_named() {
        let base = tempfile::tempdir().unwrap();
        let at = |name: &str| base.path().join(name).display().to_string();
        let text = format!("-w {}\n-a always,exit -F dir={}\n-w {}\n", at("a/b/file"), at("c/"), at("file"));
        let file = RuleFile::read(text.as_bytes()).unwrap();
        let note = make(&file).unwrap();
        assert_eq!(
            note,
            format!("hookbench made 2 empty folders that the rules need: {}, {}", at("a/b"), at("c"))
        );
        assert_eq!(make(&file), None);
    }
}
