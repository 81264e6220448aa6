//! Runs a program out of unpacked packages, with the loader and the C library there, not with this machine's.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::arch::{LOADER, LOADER_FOLDER, TRIPLE};

/// Runs `program`, relative to the folder `unpacked`, in `folder`.
///
/// # Errors
/// When it is missing or fails; the error contains its message.
pub(crate) fn run(unpacked: &Path, program: &str, arguments: &[&str], folder: &Path) -> Result<()> {
    let program = place(unpacked, program);
    let output = Command::new(loader(unpacked))
        .arg("--library-path")
        .arg(place(unpacked, &format!("lib/{TRIPLE}")))
        .arg(&program)
        .args(arguments)
        .current_dir(folder)
        .output()
        .with_context(|| format!("failed to start {}", program.display()))?;
    if !output.status.success() {
        let errors = String::from_utf8_lossy(&output.stderr);
        bail!("{} failed: {}", program.display(), errors.trim());
    }
    Ok(())
}

/// The loader: where programs expect it, or where it is in a folder of libraries.
fn loader(unpacked: &Path) -> PathBuf {
    let found = [LOADER_FOLDER.to_owned(), format!("lib/{TRIPLE}")]
        .into_iter()
        .map(|folder| place(unpacked, &format!("{folder}/{LOADER}")))
        .find(|path| path.exists());
    found.unwrap_or_else(|| unpacked.join(LOADER_FOLDER).join(LOADER))
}

/// Where `path` is. Packages have files in /lib and in /usr/lib. Unpacked, neither is a link.
fn place(unpacked: &Path, path: &str) -> PathBuf {
    [unpacked.join(path), unpacked.join("usr").join(path)]
        .into_iter()
        .find(|path| path.exists())
        .unwrap_or_else(|| unpacked.join(path))
}
