//! Folders with everything in them: which files there are, how much they take on
//! the disk, and who may read them.

use std::fs::{self, DirBuilder, Metadata, Permissions};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// Makes the folder `path` and the missing folders above it, for the owner only.
pub(crate) fn make_folder(path: &Path) -> Result<()> {
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .with_context(|| format!("failed to make the folder {}", path.display()))
}

/// Makes `path`, and everything in it, private to its owner, who may still run
/// programs. Links have no modes and are left alone.
pub(crate) fn make_private(path: &Path) -> Result<()> {
    let change = || -> io::Result<()> {
        for (path, metadata) in below(path)? {
            let now = metadata.permissions().mode() & 0o777;
            let mode = if metadata.is_dir() { 0o700 } else { 0o600 | now & 0o100 };
            if !metadata.is_symlink() && now != mode {
                fs::set_permissions(&path, Permissions::from_mode(mode))?;
            }
        }
        Ok(())
    };
    change().with_context(|| format!("failed to make {} private", path.display()))
}

/// Returns the bytes that `path` takes on the disk. A hole takes none.
pub(super) fn disk_usage(path: &Path) -> io::Result<u64> {
    // The unit of `blocks` is 512 bytes on every file system.
    Ok(below(path)?.iter().map(|(_, metadata)| metadata.blocks() * 512).sum())
}

/// Returns `path` and everything in it, in the order of their paths.
pub(super) fn below(path: &Path) -> io::Result<Vec<(PathBuf, Metadata)>> {
    let mut found = Vec::new();
    let mut left = vec![path.to_owned()];
    while let Some(path) = left.pop() {
        let metadata = fs::symlink_metadata(&path)?;
        if metadata.is_dir() {
            for entry in fs::read_dir(&path)? {
                left.push(entry?.path());
            }
        }
        found.push((path, metadata));
    }
    found.sort_by(|a, b| a.0.cmp(&b.0));
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::File;

    #[test]
    fn everything_in_a_folder_becomes_private() {
        let temporary = tempfile::tempdir().unwrap();
        let folder = temporary.path().join("a");
        fs::create_dir_all(folder.join("b")).unwrap();
        fs::write(folder.join("b/file"), "x").unwrap();
        std::os::unix::fs::symlink("/etc/passwd", folder.join("link")).unwrap();
        fs::write(folder.join("program"), "x").unwrap();
        for (path, mode) in [("b", 0o755), ("b/file", 0o644), ("program", 0o755)] {
            fs::set_permissions(folder.join(path), Permissions::from_mode(mode)).unwrap();
        }
        let before = fs::metadata("/etc/passwd").unwrap().permissions();
        make_private(&folder).unwrap();
        for (path, mode) in [("", 0o700), ("b", 0o700), ("b/file", 0o600), ("program", 0o700)] {
            assert_eq!(fs::metadata(folder.join(path)).unwrap().permissions().mode() & 0o777, mode, "{path}");
        }
        assert_eq!(fs::metadata("/etc/passwd").unwrap().permissions(), before);
    }

    #[test]
    fn a_hole_takes_no_space() {
        let folder = tempfile::tempdir().unwrap();
        let empty = disk_usage(folder.path()).unwrap();
        File::create(folder.path().join("hole")).unwrap().set_len(1 << 30).unwrap();
        fs::write(folder.path().join("file"), vec![1; 100_000]).unwrap();
        let used = disk_usage(folder.path()).unwrap() - empty;
        assert!((100_000..200_000).contains(&used), "{used}");
    }
}
