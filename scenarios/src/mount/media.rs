//! The removable media: two disks of `scsi_debug`, which share what is written to them.

use std::fs;
use std::io::{self, Write};
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::Duration;

use super::image;
use crate::modules;

/// The medium that ways mount.
pub(super) const FIRST: &str = "/dev/sda";
/// The medium that has been mounted since start-up.
pub(super) const SECOND: &str = "/dev/sdb";

/// How often to look for the disks, every 10 ms.
const LOOKS: usize = 500;

/// Loads the disks' driver, as far as the guest has it, and writes the file system.
///
/// # Errors
/// When the kernel refuses, or the disks do not appear.
pub(super) fn set_up() -> io::Result<()> {
    if !modules::file("scsi_debug").exists() || !modules::file("sd_mod").exists() {
        return Ok(());
    }
    modules::load("sd_mod", "")?;
    modules::load("scsi_debug", "removable=1 dev_size_mb=8 max_luns=2")?;
    for disk in [FIRST, SECOND] {
        wait_for(disk)?;
    }
    write_image(FIRST)
}

/// Writes the file system to a disk.
///
/// # Errors
/// When it cannot be written.
pub(super) fn write_image(disk: &str) -> io::Result<()> {
    let mut file = fs::File::options().write(true).open(disk)?;
    file.write_all(&image::ext2())?;
    file.sync_all()
}

fn wait_for(disk: &str) -> io::Result<()> {
    for _ in 0..LOOKS {
        if Path::new(disk).exists() {
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    Err(io::Error::other(format!("{disk} does not appear")))
}

/// The device number of the first medium, as if it were the device of a file; `None` before the guest has a medium.
pub(super) fn target() -> Option<(u64, u64)> {
    Some((fs::metadata(FIRST).ok()?.rdev(), 0))
}
