//! Unpacks files of packages, and reads their names, versions and scripts.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail, ensure};

use super::command::{output, output_with_input};

/// A fetched package.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Package {
    /// Its name, for example `auditd`.
    pub name: String,
    /// Its Debian version, for example `1:3.0.9-1`.
    pub version: String,
}

/// A package whose files were unpacked.
#[derive(Debug)]
pub(super) struct Unpacked {
    pub(super) package: Package,
    /// The paths of its files, links and folders from the root.
    pub(super) paths: Vec<String>,
    /// The script that would run after its installation; empty if it has none.
    pub(super) postinst: String,
}

/// Unpacks every package file in `download` into `folder`, and removes the file.
pub(super) fn unpack(download: &Path, folder: &Path) -> Result<Vec<Unpacked>> {
    let context = || format!("failed to list {}", download.display());
    let mut all = Vec::new();
    for entry in fs::read_dir(download).with_context(context)? {
        let file = entry.with_context(context)?.path();
        let paths = extract(&file, folder)?;
        let named =
            output(Command::new("dpkg-deb").args(["-W", "--showformat=${Package} ${Version}"]).arg(&file))?;
        let Some((name, version)) = named.trim().split_once(' ') else {
            bail!("dpkg-deb did not print the name and version of {}", file.display());
        };
        let package = Package { name: name.to_owned(), version: version.to_owned() };
        all.push(Unpacked { package, paths, postinst: postinst(&file)? });
        // A failure is harmless: the whole folder is removed soon.
        let _ = fs::remove_file(&file);
    }
    Ok(all)
}

/// Returns the script that would run after the package's installation.
fn postinst(file: &Path) -> Result<String> {
    let control = tempfile::tempdir().context("failed to make a temporary folder")?;
    output(Command::new("dpkg-deb").arg("-e").arg(file).arg(control.path()))?;
    let bytes = fs::read(control.path().join("postinst")).unwrap_or_default();
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Unpacks a package like `dpkg-deb -x`, but makes the user the owner of all files. A
/// root user in a user namespace may not give files to other users. Returns the paths.
fn extract(file: &Path, folder: &Path) -> Result<Vec<String>> {
    let mut archive = Command::new("dpkg-deb")
        .arg("--fsys-tarfile")
        .arg(file)
        .stdout(Stdio::piped())
        .spawn()
        .context("failed to start dpkg-deb (it comes with every Debian; is it in PATH?)")?;
    let bytes = archive.stdout.take().context("dpkg-deb has no output")?;
    let unpacked =
        output_with_input(Command::new("tar").args(["-xvp", "--no-same-owner", "-C"]).arg(folder), bytes);
    let status = archive.wait().context("failed to wait for dpkg-deb")?;
    // If the disk is full, tar reports a write that was too short.
    let listed = unpacked.with_context(|| {
        format!(
            "failed to unpack {} into {}; check that there is free space",
            file.display(),
            folder.display()
        )
    })?;
    ensure!(status.success(), "dpkg-deb failed on {} ({status})", file.display());
    let path = |line: &str| line.trim_start_matches("./").trim_end_matches('/').to_owned();
    Ok(listed.lines().map(path).filter(|path| !path.is_empty()).collect())
}
