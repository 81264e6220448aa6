//! QEMU out of a suite's packages, for users who have another QEMU or none. Nothing is installed: the program and
//! its firmware lie in the cache, and QEMU is told where.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use crate::arch::{QEMU, QEMU_PACKAGE};
use crate::cache::{Cache, Kind, Lease, Lock, Wanted};
use crate::debian::apt::Apt;

/// The packages: the program first. Some versions have QEMU's modules in a package of their own.
const PACKAGES: [&str; 4] = [QEMU_PACKAGE, "qemu-system-common", "qemu-system-data", "seabios"];

/// The folder of an entry with the modules of the program that guests need. They fit no other version of it.
const MODULES: &str = "modules";

/// Their names begin so. A QEMU that has none is one file.
const ACCELERATORS: &str = "accel-tcg-";

/// The folders of firmware in the packages.
const FIRMWARE: [&str; 2] = ["usr/share/qemu", "usr/share/seabios"];

/// The names of firmware end in one of these.
const SUFFIXES: [&str; 2] = ["bin", "rom"];

/// The version of the files of an entry. Raise it when they change.
const FORMAT: u32 = 2;

/// A QEMU in the cache, with the paths of its parts in the entry.
pub(crate) struct Fetched {
    pub(crate) lease: Lease,
    /// The program.
    pub(crate) program: &'static str,
    /// The folders of its firmware.
    pub(crate) firmware: [&'static str; 2],
    /// The folder of its modules.
    pub(crate) modules: &'static str,
}

/// Returns the QEMU of `suite`: the cached one, without using the network, or else the mirror's newest.
///
/// # Errors
/// When the packages cannot be fetched, or have no such program.
pub(crate) fn fetch(suite: &str, cache: &Cache, progress: &dyn Fn(&str)) -> Result<Fetched> {
    let source = format!("{FORMAT} {PACKAGES:?}");
    let wanted = Wanted { kind: Kind::QEMUS, key: suite, source: &source };
    let lease = cache
        .obtain(&wanted, progress, |lock, made| download(suite, lock, made, progress))
        .with_context(|| format!("failed to get QEMU from {suite}"))?;
    Ok(Fetched { lease, program: QEMU, firmware: FIRMWARE, modules: MODULES })
}

fn download(suite: &str, lock: &Lock, made: &Path, progress: &dyn Fn(&str)) -> Result<String> {
    let apt = Apt::open(lock, &[suite.to_owned()], progress)?;
    let unpacked = lock.scratch()?;
    let packages = apt.fetch(&PACKAGES.map(String::from), unpacked.path())?;
    copy(&unpacked.path().join("usr/bin").join(QEMU), &made.join(QEMU))?;
    for folder in FIRMWARE {
        copy_firmware(&unpacked.path().join(folder), &made.join(folder))?;
    }
    copy_modules(&unpacked.path().join("usr/lib"), &made.join(MODULES))?;
    let version = packages.first().map_or("", |package| &package.version);
    Ok(format!("{QEMU_PACKAGE} {version}"))
}

/// Copies the modules in the folders `ARCHITECTURE/qemu` of `from`, if there are any.
fn copy_modules(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to).with_context(|| format!("failed to make {}", to.display()))?;
    let architectures = fs::read_dir(from).into_iter().flatten().flatten();
    let files = architectures.filter_map(|folder| fs::read_dir(folder.path().join("qemu")).ok());
    for file in files.flatten().flatten() {
        if file.file_name().to_string_lossy().starts_with(ACCELERATORS) {
            copy(&file.path(), &to.join(file.file_name()))?;
        }
    }
    Ok(())
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
