//! The files of a guest as its programs find them: through links, in the folders of
//! `$PATH`, and in those that the loader searches. Nothing is read from this machine.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::archive::{Content, GuestFile};
use crate::arch::LIBRARY_FOLDERS;
use crate::files::elf::{Needs, program_needs};

/// The folders of programs, in the order of the guest's `$PATH`.
pub const PROGRAM_FOLDERS: [&str; 4] = ["usr/local/sbin", "usr/local/bin", "usr/sbin", "usr/bin"];

/// The most links that the kernel follows for one path.
const MOST_LINKS: usize = 40;

/// The files of a guest by path.
pub struct Tree<'a> {
    files: BTreeMap<&'a str, &'a GuestFile>,
    /// What each program or library needs, once it was read.
    needs: RefCell<BTreeMap<&'a str, Option<Needs>>>,
}

/// What is at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found<'a> {
    /// A file. Its path may differ from the one that was asked for.
    File(&'a GuestFile),
    /// A link to something that is not there.
    Dangling {
        /// The path of the link.
        link: String,
        /// What it says.
        target: String,
    },
    /// Nothing, or something else.
    Nothing,
}

/// Something that a program needs to start and that the guest lacks.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Lack {
    /// The path of the program or library that needs it.
    pub of: String,
    /// The name of the library, or the path of the loader.
    pub name: String,
}

impl<'a> Tree<'a> {
    /// The files of all `layers`. A later layer replaces files of an earlier one.
    pub fn new(layers: impl IntoIterator<Item = &'a [GuestFile]>) -> Tree<'a> {
        let files = layers.into_iter().flatten().map(|file| (file.path.as_str(), file)).collect();
        Tree { files, needs: RefCell::default() }
    }

    /// Finds what is at `path`, seen from the root.
    pub fn find(&self, path: &str) -> Found<'a> {
        let mut left: VecDeque<String> = path.split('/').map(String::from).collect();
        let (mut at, mut last_link, mut links) = (String::new(), None, 0);
        while let Some(part) = left.pop_front() {
            match part.as_str() {
                "" | "." => continue,
                ".." => {
                    at.truncate(at.rfind('/').unwrap_or(0));
                    continue;
                }
                _ => {}
            }
            let next = if at.is_empty() { part } else { format!("{at}/{part}") };
            let Some(Content::Symlink(target)) = self.files.get(next.as_str()).map(|file| &file.content)
            else {
                at = next;
                continue;
            };
            links += 1;
            if left.iter().all(|part| part.is_empty()) {
                last_link = Some((next.clone(), target.clone()));
            }
            if links > MOST_LINKS {
                break;
            }
            if target.starts_with('/') {
                at.clear();
            }
            target.split('/').rev().for_each(|part| left.push_front(part.to_owned()));
        }
        let is_endless = links > MOST_LINKS;
        let file = self.files.get(at.as_str()).filter(|file| matches!(file.content, Content::File(_)));
        match (file, last_link) {
            (Some(file), _) if !is_endless => Found::File(file),
            (_, Some((link, target))) if is_endless || !self.has_folder(&at) => {
                Found::Dangling { link, target }
            }
            _ => Found::Nothing,
        }
    }

    fn has_folder(&self, path: &str) -> bool {
        let below = format!("{path}/");
        let is_folder = self.files.get(path).is_some_and(|file| file.content == Content::Directory);
        is_folder
            || self.files.range(below.as_str()..).next().is_some_and(|(path, _)| path.starts_with(&below))
    }

    /// Finds the program `name` in the folders of `$PATH`.
    pub fn program(&self, name: &str) -> Found<'a> {
        self.place(name).map_or(Found::Nothing, |path| self.find(&path))
    }

    /// Returns the path of the program `name` in the folders of `$PATH`, which may be a link.
    /// If no program has that name, it is the path of a dangling link.
    pub fn place(&self, name: &str) -> Option<String> {
        let places = || PROGRAM_FOLDERS.iter().map(|folder| format!("{folder}/{name}"));
        let is_program = |path: &String| matches!(self.find(path), Found::File(_));
        let is_dangling = |path: &String| matches!(self.find(path), Found::Dangling { .. });
        places().find(is_program).or_else(|| places().find(is_dangling))
    }

    /// Lists the programs in the folders of `$PATH`.
    pub fn programs(&self) -> impl Iterator<Item = &'a GuestFile> {
        let is_program =
            |path: &str| path.rsplit_once('/').is_some_and(|(folder, _)| PROGRAM_FOLDERS.contains(&folder));
        self.files.values().copied().filter(move |file| is_program(&file.path))
    }

    /// Lists what the program `file` and its libraries need and the guest lacks. Nothing
    /// if it is not a program of the guest's architecture.
    pub fn lacks(&self, file: &'a GuestFile) -> Vec<Lack> {
        let mut lacks = BTreeSet::new();
        let mut loaded = BTreeSet::new();
        let mut left = VecDeque::from([(file, Vec::new())]);
        while let Some((file, inherited)) = left.pop_front() {
            let Some(needs) = self.needs_of(file) else { continue };
            let mut lack = |name: &str| {
                lacks.insert(Lack { of: format!("/{}", file.path), name: name.to_owned() });
            };
            let is_missing = |loader: &&str| !matches!(self.find(loader), Found::File(_));
            needs.interpreter.as_deref().filter(is_missing).into_iter().for_each(&mut lack);
            let origin = file.path.rsplit_once('/').map_or("", |(folder, _)| folder);
            let own = needs.folders.iter().map(|folder| expand(folder, origin));
            let first: Vec<String> = own.chain(inherited.clone()).collect();
            for name in needs.libraries {
                // The loader loads each name once.
                if !loaded.insert(name.clone()) {
                    continue;
                }
                match self.library(&name, &first) {
                    Some(library) => {
                        left.push_back((
                            library,
                            if needs.inherited { first.clone() } else { inherited.clone() },
                        ));
                    }
                    None => lack(&name),
                }
            }
        }
        lacks.into_iter().collect()
    }

    /// Finds the library `name` in the folders `first` and then in those of the system.
    fn library(&self, name: &str, first: &[String]) -> Option<&'a GuestFile> {
        let folders = first.iter().map(String::as_str).chain(LIBRARY_FOLDERS);
        let mut places = folders.map(|folder| format!("{folder}/{name}"));
        let find = |path: String| match self.find(&path) {
            Found::File(file) => self.needs_of(file).map(|_| file),
            _ => None,
        };
        if name.contains('/') { find(name.to_owned()) } else { places.find_map(find) }
    }

    fn needs_of(&self, file: &'a GuestFile) -> Option<Needs> {
        let read = || match &file.content {
            Content::File(bytes) => program_needs(bytes),
            _ => None,
        };
        self.needs.borrow_mut().entry(file.path.as_str()).or_insert_with(read).clone()
    }
}

/// Returns a folder of a program's list with the loader's words replaced.
pub(crate) fn expand(folder: &str, origin: &str) -> String {
    let origin = format!("/{origin}");
    let library = LIBRARY_FOLDERS[0].trim_start_matches("usr/");
    [("ORIGIN", origin.as_str()), ("LIB", library)].iter().fold(folder.to_owned(), |folder, (word, value)| {
        folder.replace(&format!("${{{word}}}"), value).replace(&format!("${word}"), value)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::elf::library;
    use proptest::prelude::*;

    fn file(path: &str, bytes: &[u8]) -> GuestFile {
        GuestFile { path: path.into(), mode: 0o755, content: Content::File(bytes.to_vec()) }
    }

    fn link(path: &str, target: &str) -> GuestFile {
        GuestFile { path: path.into(), mode: 0o777, content: Content::Symlink(target.into()) }
    }

    #[test]
    fn a_program_is_found_through_links_and_a_dangling_one_is_named() {
        let files = [
            link("bin", "usr/bin"),
            file("usr/bin/python3.11", b"p"),
            link("usr/bin/python3", "python3.11"),
            link("usr/bin/awk", "/etc/alternatives/awk"),
            link("etc/alternatives/awk", "/bin/../bin/mawk"),
            file("usr/bin/mawk", b"m"),
            link("usr/bin/gone", "../lib/gone"),
            link("usr/bin/round", "round"),
            link("usr/local/bin/gone2", "/x"),
            file("usr/bin/gone2", b"2"),
            link("usr/bin/folder", "/usr"),
        ];
        let tree = Tree::new([&files[..]]);
        let path = |name: &str| match tree.program(name) {
            Found::File(file) => file.path.clone(),
            Found::Dangling { link, target } => format!("{link} -> {target}"),
            Found::Nothing => "nothing".into(),
        };
        assert_eq!(path("python3"), "usr/bin/python3.11");
        assert_eq!(path("awk"), "usr/bin/mawk");
        assert_eq!(path("gone"), "usr/bin/gone -> ../lib/gone");
        assert_eq!(path("gone2"), "usr/bin/gone2");
        assert_eq!(path("round"), "usr/bin/round -> round");
        assert_eq!([path("folder"), path("no")], ["nothing", "nothing"]);
        assert!(matches!(tree.find("/bin/python3"), Found::File(_)));
        assert_eq!(tree.find("bin/no"), Found::Nothing);
        assert_eq!(tree.programs().count(), 9);
    }

    #[test]
    fn a_later_layer_replaces_an_earlier_one() {
        let (first, second) = ([file("usr/bin/a", b"1")], [file("usr/bin/a", b"2")]);
        assert_eq!(Tree::new([&first[..], &second]).program("a"), Found::File(&second[0]));
    }

    /// A library or program that needs `names`, with the tag of its folders and these.
    fn needing(names: &[&str], tag: u64, folders: &str) -> Vec<u8> {
        let mut text = vec![0];
        let mut entries = Vec::new();
        for name in names {
            entries.push((1, text.len() as u64));
            text.extend([name.as_bytes(), b"\0"].concat());
        }
        if !folders.is_empty() {
            entries.push((tag, text.len() as u64));
            text.extend([folders.as_bytes(), b"\0"].concat());
        }
        library(&entries, &text)
    }

    #[test]
    fn libraries_are_found_where_the_loader_finds_them() {
        const RPATH: u64 = 15;
        const RUNPATH: u64 = 29;
        let files = [
            file("usr/bin/new", &needing(&["liba.so"], RUNPATH, "$ORIGIN/../lib/private")),
            file("usr/bin/old", &needing(&["liba.so"], RPATH, "/usr/lib/private")),
            file("usr/bin/plain", &needing(&["liba.so", "libc.so"], 0, "")),
            file("usr/lib/private/liba.so", &needing(&["libb.so"], 0, "")),
            file("usr/lib/private/libb.so", &needing(&["libc.so"], 0, "")),
            file("usr/lib/x86_64-linux-gnu/libc.so.6", &needing(&[], 0, "")),
            link("usr/lib/x86_64-linux-gnu/libc.so", "libc.so.6"),
            file("usr/bin/text", b"#!/bin/sh\n"),
        ];
        let tree = Tree::new([&files[..]]);
        let lacks = |name: &str| {
            let Found::File(file) = tree.program(name) else { panic!("no {name}") };
            tree.lacks(file)
                .into_iter()
                .map(|lack| format!("{} needs {}", lack.of, lack.name))
                .collect::<Vec<_>>()
        };
        // Only the old list counts for the libraries of libraries.
        assert_eq!(lacks("new"), ["/usr/lib/private/liba.so needs libb.so"]);
        assert_eq!(lacks("old"), [""; 0]);
        assert_eq!(lacks("plain"), ["/usr/bin/plain needs liba.so"]);
        assert_eq!(lacks("text"), [""; 0]);
    }

    proptest! {
        #[test]
        fn any_links_end(
            links in proptest::collection::vec(("[ab](/[ab]){0,2}", "/?([ab.]|\\.\\.)(/([ab]|\\.\\.)){0,3}"), 0..8),
            path in "/?[ab.]{0,2}(/[ab.]{0,2}){0,4}",
        ) {
            let files: Vec<GuestFile> = links.iter().map(|(path, target)| link(path, target)).collect();
            let _ = Tree::new([&files[..]]).find(&path);
        }
    }
}
