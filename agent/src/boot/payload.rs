//! Payloads: the files of a monitor or a workload that hookbench hands over with a cell. Each is a cpio archive
//! ("newc"), unpacked from the guest's root, as the kernel unpacks its image. A file that exists is replaced.

use std::fs::{self, File, Permissions};
use std::io::{self, Read};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use cpio::newc::Reader;

use crate::channel::dma::Stream;
use crate::channel::fw_cfg;

const TYPE: u32 = 0o170_000;
const FOLDER: u32 = 0o040_000;
const REGULAR: u32 = 0o100_000;
const LINK: u32 = 0o120_000;

/// The longest target of a link in bytes.
const LONGEST_LINK: u64 = 4096;

/// Unpacks those of the archives that are not empty.
///
/// # Errors
/// When one cannot be read, is not an archive, or does not fit into the guest's memory.
pub(crate) fn unpack_all(archives: &[fw_cfg::File]) -> Result<()> {
    for archive in archives.iter().filter(|archive| archive.size > 0) {
        let stream = Stream::open(*archive).context("failed to open the payload")?;
        unpack(stream, Path::new("/")).map_err(|error| explain(error, archive.size))?;
    }
    Ok(())
}

/// Says what to do about an archive of `size` bytes that cannot be unpacked. The kernel gives files half of the memory.
fn explain(error: anyhow::Error, size: u32) -> anyhow::Error {
    let kind = error.root_cause().downcast_ref::<io::Error>().map(io::Error::kind);
    match kind {
        Some(io::ErrorKind::StorageFull | io::ErrorKind::OutOfMemory) => error.context(format!(
            "the payload of {} MiB does not fit into the guest, whose files may take half of its memory; give it \
             more with --memory MIB",
            size.div_ceil(1 << 20)
        )),
        _ => error.context("failed to unpack the payload"),
    }
}

fn unpack(mut archive: impl Read, root: &Path) -> Result<()> {
    loop {
        let mut reader = Reader::new(archive).context("it is not a cpio archive")?;
        let entry = reader.entry();
        if entry.is_trailer() {
            return Ok(());
        }
        let path = root.join(entry.name());
        put(entry.mode(), entry.file_size().into(), &path, &mut reader)
            .with_context(|| format!("failed to make {}", path.display()))?;
        archive = reader.finish()?;
    }
}

fn put(mode: u32, size: u64, path: &Path, bytes: &mut impl Read) -> Result<()> {
    match mode & TYPE {
        FOLDER => match fs::create_dir(path) {
            Ok(()) => fs::set_permissions(path, Permissions::from_mode(mode & 0o7777))?,
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists && path.is_dir() => {}
            Err(error) => return Err(error.into()),
        },
        REGULAR => {
            remove(path)?;
            let mut file = File::create(path)?;
            io::copy(bytes, &mut file)?;
            file.set_permissions(Permissions::from_mode(mode & 0o7777))?;
        }
        LINK => {
            remove(path)?;
            let mut target = String::new();
            bytes.take(size.min(LONGEST_LINK)).read_to_string(&mut target)?;
            symlink(PathBuf::from(target), path)?;
        }
        other => bail!("it is neither a file, a folder nor a link (type {other:#o})"),
    }
    Ok(())
}

/// Removes this name only: another name for the same bytes keeps them.
fn remove(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
