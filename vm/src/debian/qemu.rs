//! QEMU out of a suite's packages, for users who have another QEMU or none. Nothing is installed: the program and
//! its firmware lie in the cache, and QEMU is told where.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use crate::arch::{QEMU, QEMU_PACKAGE};
use crate::cache::{Cache, Kind, Lease, Lock, Wanted};
use crate::debian::apt::Apt;

/// The packages: the program first.
const PACKAGES: [&str; 3] = [QEMU_PACKAGE, "qemu-system-data", "seabios"];

/// The folders of firmware in the packages.
const FIRMWARE: [&str; 2] = ["usr/share/qemu", "usr/share/seabios"];

/// The names of firmware end in one of these.
const SUFFIXES: [&str; 2] = ["bin", "rom"];

/// The version of the files of an entry. Raise it when they change.
const FORMAT: u32 = 1;

/// Returns the entry with the QEMU of `suite`, the file name of the program in it, and the folders of its firmware:
/// the cached one, without using the network, or else the mirror's newest.
///
/// # Errors
/// When the packages cannot be fetched, or have no such program.
pub(crate) fn fetch(
    suite: &str,
    cache: &Cache,
    progress: &dyn Fn(&str),
) -> Result<(Lease, &'static str, [&'static str; 2])> {
    let source = format!("{FORMAT} {PACKAGES:?}");
    let wanted = Wanted { kind: Kind::QEMUS, key: suite, source: &source };
    let lease = cache
        .obtain(&wanted, progress, |lock, made| download(suite, lock, made, progress))
        .with_context(|| format!("failed to get QEMU from {suite}"))?;
    Ok((lease, QEMU, FIRMWARE))
}

fn download(suite: &str, lock: &Lock, made: &Path, progress: &dyn Fn(&str)) -> Result<String> {
    let apt = Apt::open(lock, &[suite.to_owned()], progress)?;
    let unpacked = lock.scratch()?;
    let packages = apt.fetch(&PACKAGES.map(String::from), unpacked.path())?;
    copy(&unpacked.path().join("usr/bin").join(QEMU), &made.join(QEMU))?;
    for folder in FIRMWARE {
        copy_firmware(&unpacked.path().join(folder), &made.join(folder))?;
    }
    let version = packages.first().map_or("", |package| &package.version);
    Ok(format!("{QEMU_PACKAGE} {version}"))
}

/// Copies the files of firmware in `from`.
fn copy_firmware(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to).with_context(|| format!("failed to make {}", to.display()))?;
    let context = || format!("failed to list {}", from.display());
    for entry in fs::read_dir(from).with_context(context)? {
        let path = entry.with_context(context)?.path();
        let is_firmware =
            path.extension().is_some_and(|suffix| SUFFIXES.iter().any(|known| suffix == *known));
        // A link to nothing is the firmware of another package, which no guest needs.
        if let Some(name) = path.file_name().filter(|_| is_firmware && path.is_file()) {
            copy(&path, &to.join(name))?;
        }
    }
    Ok(())
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::copy(from, to).with_context(|| format!("failed to copy {} to {}", from.display(), to.display()))?;
    Ok(())
}
