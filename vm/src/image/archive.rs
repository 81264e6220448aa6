//! The archive (cpio, "newc") from which the kernel unpacks the guest's files.
//! Equal files make equal bytes. Which files there are is decided elsewhere.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail, ensure};
use cpio::newc::{Builder, ModeFileType, trailer};

use crate::files::digest;

/// A file of the guest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GuestFile {
    /// Its path from the root, without a slash at either end.
    pub path: String,
    /// Its permission bits. Links do not use them.
    pub mode: u32,
    /// Its kind and content.
    pub content: Content,
}

/// The kind and content of a guest's file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Content {
    /// A file with these bytes.
    File(Vec<u8>),
    /// A symbolic link to this path.
    Symlink(String),
    /// A folder. A folder with mode 755 that holds something need not be listed.
    Directory,
    /// A character device.
    Device {
        /// The device's major number.
        major: u32,
        /// The device's minor number.
        minor: u32,
    },
}

/// An archive, for example for QEMU's `-initrd`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// The archive, uncompressed.
    pub bytes: Vec<u8>,
    /// The SHA-256 of the bytes, in hexadecimal.
    pub sha256: String,
}

/// Packs `files`, the folders above them and `/dev/console`. Without the console
/// the first process has no output.
///
/// # Errors
/// As [`pack`].
pub fn build(files: &[GuestFile]) -> Result<Image> {
    let console = GuestFile {
        path: "dev/console".to_owned(),
        mode: 0o600,
        content: Content::Device { major: 5, minor: 1 },
    };
    pack(files.iter().chain([&console]))
}

/// Packs `files` and the folders above them.
///
/// # Errors
/// When a path is invalid, is there twice with different contents, or lies below
/// something that is not a folder.
pub fn pack<'a>(files: impl IntoIterator<Item = &'a GuestFile>) -> Result<Image> {
    let mut tree = BTreeMap::new();
    for file in files {
        check_path(&file.path)?;
        let had = tree.insert(file.path.as_str(), (file.mode, &file.content));
        ensure!(
            had.is_none_or(|had| had == (file.mode, &file.content)),
            "the guest's image has two different /{}",
            file.path
        );
    }
    for path in tree.keys().copied().collect::<Vec<_>>() {
        for (slash, _) in path.match_indices('/') {
            let (_, above) = tree.entry(&path[..slash]).or_insert((0o755, &Content::Directory));
            ensure!(**above == Content::Directory, "/{path} lies below /{}, not a folder", &path[..slash]);
        }
    }
    let bytes = archive(&tree).context("failed to pack the guest's image")?;
    let sha256 = digest::sha256(&bytes);
    Ok(Image { bytes, sha256 })
}

fn check_path(path: &str) -> Result<()> {
    if path.contains('\0') || path.split('/').any(|part| matches!(part, "" | "." | "..")) {
        bail!("{path:?} is not a path in the guest's image; expected one such as usr/bin/bash");
    }
    Ok(())
}

/// Writes the files in the order of their paths: a folder precedes its files.
fn archive(tree: &BTreeMap<&str, (u32, &Content)>) -> Result<Vec<u8>> {
    let mut archive = Vec::new();
    for (number, (path, (mode, content))) in (1..).zip(tree) {
        let builder = Builder::new(path).ino(number).mode(mode & 0o7777);
        let (builder, bytes) = match content {
            Content::File(bytes) => (builder.set_mode_file_type(ModeFileType::Regular), bytes.as_slice()),
            Content::Symlink(target) => {
                (builder.mode(0o777).set_mode_file_type(ModeFileType::Symlink), target.as_bytes())
            }
            Content::Directory => (builder.set_mode_file_type(ModeFileType::Directory).nlink(2), &[][..]),
            Content::Device { major, minor } => {
                let builder = builder.set_mode_file_type(ModeFileType::Char);
                (builder.rdev_major(*major).rdev_minor(*minor), &[][..])
            }
        };
        let size = u32::try_from(bytes.len()).with_context(|| format!("/{path} is too large"))?;
        let mut writer = builder.write(&mut archive, size);
        std::io::Write::write_all(&mut writer, bytes)?;
        writer.finish()?;
    }
    trailer(&mut archive)?;
    Ok(archive)
}

#[cfg(test)]
mod tests {
    use super::*;
    use cpio::newc::Reader;
    use proptest::prelude::*;
    use std::io::Read;

    fn file(path: &str, content: Content) -> GuestFile {
        GuestFile { path: path.to_owned(), mode: 0o644, content }
    }

    /// Path, mode with type, device and bytes.
    type Entry = (String, u32, (u32, u32), Vec<u8>);

    fn entries(image: &Image) -> Vec<Entry> {
        let mut rest = image.bytes.as_slice();
        let mut entries = Vec::new();
        loop {
            let mut reader = Reader::new(rest).unwrap();
            let entry = reader.entry();
            if entry.is_trailer() {
                return entries;
            }
            assert_eq!((entry.mtime(), entry.uid(), entry.gid()), (0, 0, 0));
            assert_eq!(entry.ino() as usize, entries.len() + 1);
            let (name, mode) = (entry.name().to_owned(), entry.mode());
            let device = (entry.rdev_major(), entry.rdev_minor());
            let mut bytes = Vec::new();
            reader.read_to_end(&mut bytes).unwrap();
            entries.push((name, mode, device, bytes));
            rest = reader.finish().unwrap();
        }
    }

    #[test]
    fn the_archive_holds_files_links_folders_and_the_console() {
        let files = [
            file("usr/bin/a", Content::File(b"abc".to_vec())),
            file("bin", Content::Symlink("usr/bin".to_owned())),
            GuestFile { mode: 0o700, ..file("usr", Content::Directory) },
        ];
        let listed = entries(&build(&files).unwrap());
        let none = Vec::new();
        let expected = [
            ("bin", 0o120_777, (0, 0), b"usr/bin".to_vec()),
            ("dev", 0o040_755, (0, 0), none.clone()),
            ("dev/console", 0o020_600, (5, 1), none.clone()),
            ("usr", 0o040_700, (0, 0), none.clone()),
            ("usr/bin", 0o040_755, (0, 0), none),
            ("usr/bin/a", 0o100_644, (0, 0), b"abc".to_vec()),
        ];
        assert_eq!(
            listed,
            expected.map(|(path, mode, device, bytes)| (path.to_owned(), mode, device, bytes))
        );
    }

    #[test]
    fn what_cannot_be_in_an_image_is_named() {
        let error_of = |files: &[GuestFile]| build(files).unwrap_err().to_string();
        for path in ["", "/a", "a/", "a//b", "../a", "a/./b", "a\0b"] {
            assert!(error_of(&[file(path, Content::Directory)]).contains("not a path"), "{path:?}");
        }
        let one = file("a", Content::File(vec![1]));
        assert!(error_of(&[one.clone(), file("a", Content::Directory)]).contains("two different /a"));
        assert!(error_of(&[one.clone(), file("a/b", Content::Directory)]).contains("not a folder"));
        assert!(build(&[one.clone(), one]).is_ok());
    }

    proptest! {
        #[test]
        fn the_order_of_files_does_not_matter(
            files in proptest::collection::btree_map("[a-d]{1,3}(/[e-h]{1,3}){0,2}", any::<Vec<u8>>(), 0..8)
        ) {
            let files: Vec<GuestFile> = files
                .into_iter()
                .map(|(path, bytes)| file(&format!("{path}/file"), Content::File(bytes)))
                .collect();
            let reversed: Vec<GuestFile> = files.iter().rev().cloned().collect();
            let image = build(&files).unwrap();
            prop_assert_eq!(&image, &build(&reversed).unwrap());
            let held = entries(&image);
            for file in files {
                let bytes = held.iter().find(|entry| entry.0 == file.path).map(|entry| entry.3.clone());
                prop_assert_eq!(Some(file.content), bytes.map(Content::File));
            }
        }
    }
}
