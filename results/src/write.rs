//! Writes files whole: a reader sees the old file or the new one, never half of one. Also
//! removes what killed processes left half written.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// The name of a half-written file: the final name, this, and the id of the process that
/// writes it.
const PART: &str = ".part-";

/// Replaces the file `path` by `bytes` in one step. No reader sees half a file, not even
/// after a power cut.
///
/// # Errors
/// When the file cannot be written. The old one is then unchanged.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<()> {
    // Another process may be writing the same file.
    let mut part = path.as_os_str().to_owned();
    part.push(format!("{PART}{}", std::process::id()));
    let part = PathBuf::from(part);
    let written = write_flushed(&part, bytes).and_then(|()| fs::rename(&part, path));
    if written.is_err() {
        // Half a file only takes space.
        let _ = fs::remove_file(&part);
    }
    written.with_context(|| format!("failed to write {}", path.display()))
}

fn write_flushed(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(bytes)?;
    // Otherwise the new name may reach the disk before the bytes do.
    file.sync_all()
}

/// Removes the files in `folder` that killed processes left half written. No other process
/// may be writing there.
///
/// # Errors
/// When the folder cannot be read, or such a file cannot be removed.
pub fn sweep(folder: &Path) -> Result<()> {
    let swept = || -> io::Result<()> {
        for entry in fs::read_dir(folder)? {
            let entry = entry?;
            if is_part(&entry.file_name().to_string_lossy()) {
                fs::remove_file(entry.path())?;
            }
        }
        Ok(())
    };
    swept().with_context(|| format!("failed to sweep the folder {}", folder.display()))
}

/// Whether `name` is that of a file that [`write_whole`] left half written.
pub fn is_part(name: &str) -> bool {
    name.rsplit_once(PART).is_some_and(|(file, process)| {
        !file.is_empty() && !process.is_empty() && process.bytes().all(|byte| byte.is_ascii_digit())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_killed_processes_left_is_swept_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let others = ["notes.part-one", ".part-7", "x.part-", "run.json"];
        for name in [&others[..], &["run.json.part-4242", "report.html.part-1"]].concat() {
            fs::write(folder.path().join(name), "half").unwrap();
        }
        sweep(folder.path()).unwrap();
        let left = fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name());
        let left: std::collections::BTreeSet<_> = left.collect();
        assert_eq!(left, others.iter().map(Into::into).collect());
    }

    #[test]
    fn a_full_disk_is_said() {
        let error = write_whole(Path::new("/dev/full/run.json"), b"{}").unwrap_err();
        assert!(error.to_string().contains("/dev/full/run.json"));
    }
}
