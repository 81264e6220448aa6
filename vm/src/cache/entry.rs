//! An entry of the cache on the disk: a folder with files and a manifest,
//! `entry.json`. The manifest is written last, so a folder without it is unfinished.
//! It has a digest of each file: hookbench notices a changed or truncated file
//! before it uses the entry.

use std::fs;
use std::io;
use std::path::Path;

use anyhow::{Context, Result, ensure};
use hookbench_results::store::write_whole;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::tree;
use crate::files::digest;

/// The file with the manifest. Leases lock this file. Its time of modification is
/// when the entry was last used.
pub(super) const MANIFEST: &str = "entry.json";

/// The facts about an entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Entry {
    /// Its description, for users.
    pub(super) about: String,
    /// What it was made from; see [`Wanted`](super::Wanted).
    pub(super) source: String,
    files: Vec<FileRecord>,
}

/// A file of an entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct FileRecord {
    /// Relative to the entry's folder.
    path: String,
    bytes: u64,
    /// See [`digest::file_digest`].
    digest: String,
}

/// The manifest, with a digest of itself: a changed byte in it is noticed, too.
#[derive(Serialize, Deserialize)]
struct Manifest {
    entry: Entry,
    /// The SHA-256 of `entry` as compact JSON.
    digest: String,
}

/// Why there is no usable entry.
#[derive(Debug, PartialEq, Eq, Error)]
pub(super) enum Lack {
    /// There is no entry.
    #[error("not in the cache")]
    Missing,
    /// There is an entry that cannot be used, for this reason.
    #[error("{0}")]
    Unusable(String),
}

impl Entry {
    /// Makes the folder `made` an entry: private, with a manifest of all files.
    ///
    /// # Errors
    /// When a file cannot be read, the manifest cannot be written, or something in the
    /// folder is neither a file nor a folder.
    pub(super) fn seal(made: &Path, about: &str, source: &str) -> Result<()> {
        tree::make_private(made)?;
        let context = || format!("failed to list {}", made.display());
        let mut files = Vec::new();
        for (path, metadata) in tree::below(made).with_context(context)? {
            if metadata.is_dir() {
                continue;
            }
            ensure!(metadata.is_file(), "{} is neither a file nor a folder", path.display());
            let name = path.strip_prefix(made).with_context(context)?.to_str();
            let name = name.with_context(|| format!("the name of {} is not UTF-8", path.display()))?;
            ensure!(name != MANIFEST, "{} has the name of the cache's manifest", path.display());
            let digest = digest::file_digest(&path)?;
            files.push(FileRecord { path: name.to_owned(), bytes: metadata.len(), digest });
        }
        let entry = Entry { about: about.to_owned(), source: source.to_owned(), files };
        let digest = entry.digest()?;
        let json = serde_json::to_vec_pretty(&Manifest { entry, digest });
        write_whole(&made.join(MANIFEST), &json.context("failed to render what the entry holds")?)?;
        // Not flushed to the disk: a file that a power cut leaves incomplete has
        // another digest, and the entry is made again.
        tree::make_private(made)
    }

    /// Reads the manifest in `folder`.
    pub(super) fn read(folder: &Path) -> Result<Entry, Lack> {
        let unusable = |why: String| Err(Lack::Unusable(why));
        let json = match fs::read(folder.join(MANIFEST)) {
            Ok(json) => json,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                return if folder.exists() {
                    unusable(format!(
                        "it has no {MANIFEST}: it was never finished, or is from another version"
                    ))
                } else {
                    Err(Lack::Missing)
                };
            }
            Err(error) => return unusable(format!("its {MANIFEST} cannot be read: {error}")),
        };
        let manifest: Manifest = match serde_json::from_slice(&json) {
            Ok(manifest) => manifest,
            Err(error) => return unusable(format!("its {MANIFEST} cannot be understood: {error}")),
        };
        match manifest.entry.digest() {
            Ok(digest) if digest == manifest.digest => Ok(manifest.entry),
            _ => unusable(format!("its {MANIFEST} was changed")),
        }
    }

    /// Checks that every file in `folder` is unchanged. It reads all bytes each time
    /// and does not trust times of modification. A kernel takes some 30 ms on a
    /// processor with SHA instructions and 150 ms elsewhere, once per run, and QEMU
    /// reads the same bytes next.
    pub(super) fn check(&self, folder: &Path) -> Result<(), Lack> {
        // The lengths first, because they are quick to check.
        for file in &self.files {
            let length = fs::metadata(folder.join(&file.path))
                .map_err(|error| Lack::Unusable(format!("its {} cannot be read: {error}", file.path)))?
                .len();
            if length != file.bytes {
                let why = format!("its {} has {length} bytes and should have {}", file.path, file.bytes);
                return Err(Lack::Unusable(why));
            }
        }
        for file in &self.files {
            let digest = digest::file_digest(&folder.join(&file.path))
                .map_err(|error| Lack::Unusable(format!("{error:#}")))?;
            if digest != file.digest {
                return Err(Lack::Unusable(format!("its {} was changed", file.path)));
            }
        }
        Ok(())
    }

    fn digest(&self) -> Result<String> {
        let json = serde_json::to_vec(self).context("failed to render what the entry holds")?;
        Ok(digest::sha256(&json))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// An entry with two files, one of them empty.
    fn entry() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("root")).unwrap();
        fs::write(folder.path().join("root/a"), "some bytes").unwrap();
        fs::write(folder.path().join("b"), "").unwrap();
        Entry::seal(folder.path(), "two files", "nothing").unwrap();
        folder
    }

    fn look(folder: &Path) -> Result<Entry, Lack> {
        let entry = Entry::read(folder)?;
        entry.check(folder)?;
        Ok(entry)
    }

    fn why(folder: &Path) -> String {
        look(folder).unwrap_err().to_string()
    }

    #[test]
    fn the_reason_names_a_truncated_changed_or_removed_file() {
        let folder = entry();
        let (a, manifest) = (folder.path().join("root/a"), folder.path().join(MANIFEST));
        assert_eq!(look(folder.path()).unwrap().about, "two files");
        fs::write(&a, "some bytez").unwrap();
        assert_eq!(why(folder.path()), "its root/a was changed");
        fs::write(&a, "some").unwrap();
        assert_eq!(why(folder.path()), "its root/a has 4 bytes and should have 10");
        fs::remove_file(&a).unwrap();
        assert!(why(folder.path()).contains("root/a cannot be read"));
        let json = fs::read_to_string(&manifest).unwrap();
        fs::write(&manifest, json.replace("two files", "too files")).unwrap();
        assert_eq!(why(folder.path()), "its entry.json was changed");
        fs::write(&manifest, &json[..20]).unwrap();
        assert!(why(folder.path()).contains("entry.json cannot be understood"));
        fs::remove_file(&manifest).unwrap();
        assert!(why(folder.path()).contains("never finished"));
        assert_eq!(look(Path::new("/no/such/entry")), Err(Lack::Missing));
    }

    #[test]
    fn only_files_and_folders_are_sealed() {
        let folder = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink("/etc/passwd", folder.path().join("link")).unwrap();
        let error = Entry::seal(folder.path(), "", "").unwrap_err().to_string();
        assert!(error.contains("link"), "{error}");
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn any_flipped_bit_is_noticed(place in any::<prop::sample::Index>(), bit in 0u8..8, of_manifest: bool) {
            let folder = entry();
            let sound = look(folder.path()).unwrap();
            let path = folder.path().join(if of_manifest { MANIFEST } else { "root/a" });
            let mut bytes = fs::read(&path).unwrap();
            let place = place.index(bytes.len());
            bytes[place] ^= 1 << bit;
            fs::write(&path, bytes).unwrap();
            // Other white space in the manifest changes nothing.
            prop_assert!(look(folder.path()).is_err() || of_manifest && look(folder.path()) == Ok(sound));
        }

        #[test]
        fn any_manifest_is_read_without_panic(bytes in proptest::collection::vec(any::<u8>(), 0..100)) {
            let folder = tempfile::tempdir().unwrap();
            fs::write(folder.path().join(MANIFEST), bytes).unwrap();
            prop_assert!(look(folder.path()).is_err());
        }
    }
}
