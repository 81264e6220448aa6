//! What the harness brings with a cell: archives (cpio, "newc") that are unpacked
//! from the guest's root, as the kernel unpacks its image. A file that is there
//! already is replaced.

use std::fs::{self, File, Permissions};
use std::io::{self, Read};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use cpio::newc::Reader;

use crate::dma::Stream;
use crate::ports;

const TYPE: u32 = 0o170_000;
const FOLDER: u32 = 0o040_000;
const REGULAR: u32 = 0o100_000;
const LINK: u32 = 0o120_000;

/// No link is longer.
const LONGEST_LINK: u64 = 4096;

/// Unpacks those of the archives that are not empty.
///
/// # Errors
/// When one cannot be read, is none, or there is no room for it.
pub(crate) fn unpack_all(archives: &[ports::File]) -> Result<()> {
    for archive in archives.iter().filter(|archive| archive.size > 0) {
        let stream = Stream::open(*archive).context("failed to reach what is brought with the cell")?;
        unpack(stream, Path::new("/")).context("failed to unpack what is brought with the cell")?;
    }
    Ok(())
}

fn unpack(mut archive: impl Read, root: &Path) -> Result<()> {
    loop {
        let mut reader = Reader::new(archive).context("it is no archive")?;
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
            gone(path)?;
            let mut file = File::create(path)?;
            io::copy(bytes, &mut file)?;
            file.set_permissions(Permissions::from_mode(mode & 0o7777))?;
        }
        LINK => {
            gone(path)?;
            let mut target = String::new();
            bytes.take(size.min(LONGEST_LINK)).read_to_string(&mut target)?;
            symlink(PathBuf::from(target), path)?;
        }
        other => bail!("it is neither a file, a folder nor a link (type {other:#o})"),
    }
    Ok(())
}

/// Another name for the same bytes keeps them: only this one goes.
fn gone(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
