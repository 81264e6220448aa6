//! The disks of the scene: USB drives, and a SCSI disk that is on no USB. Names like `sda` depend on which disk the
//! kernel finds first, so a disk is found by its place in `/sys`.

use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::time::Duration;

use super::{exists, fat, gadget};
use crate::modules;
use crate::mount::image;
use crate::scene::Scene;

/// A disk, by the controller that it is on and its number there.
#[derive(Debug, Clone, Copy)]
pub(super) struct Disk {
    /// A folder on the way to it in `/sys`.
    controller: &'static str,
    number: u32,
}

/// A drive with ext2, which is plugged in.
pub(super) const PRESENT: Disk = Disk { controller: "dummy_hcd.0", number: 0 };
/// A drive with FAT.
pub(super) const FAT: Disk = Disk { controller: "dummy_hcd.0", number: 1 };
/// A drive with ext2 in a partition.
pub(super) const PARTITIONED: Disk = Disk { controller: "dummy_hcd.0", number: 2 };
/// The drive that has been mounted since start-up.
pub(super) const EARLIER: Disk = Disk { controller: "dummy_hcd.0", number: 3 };
/// The drive that somebody has prepared to mount since start-up.
pub(super) const HELD: Disk = Disk { controller: "dummy_hcd.0", number: 4 };
/// A drive that is plugged in after start-up.
pub(super) const LATER: Disk = Disk { controller: "dummy_hcd.1", number: 0 };
/// A removable SCSI disk that is on no USB.
pub(super) const SCSI: Disk = Disk { controller: "pseudo_0", number: 0 };

/// The devices as which the drives are plugged in, each with the controller of its port.
const FIRST: (&str, &str) = ("first", "dummy_udc.0");
const SECOND: (&str, &str) = ("second", "dummy_udc.1");

/// How often to look for a disk, every 10 ms. A way that plugs one in has 2 s.
const LOOKS: usize = 150;
/// Bytes of a block of a disk.
const BLOCK: usize = 512;
/// The first block of the partition, and the number of blocks of its file system.
const PARTITION: (u32, u32) = (8, 128);

/// Plugs the drives in, and writes the file systems.
///
/// # Errors
/// When the kernel refuses, or a disk does not appear.
pub(super) fn set_up(scene: &Scene) -> io::Result<()> {
    // The kernel would wait for a second before it uses a drive.
    modules::load("usb_storage", "delay_use=0")?;
    modules::load("dummy_hcd", "num=2")?;
    modules::load("scsi_debug", "removable=1 dev_size_mb=8")?;
    let file = |name: &str, bytes: Vec<u8>| {
        let path = scene.path(name);
        fs::write(&path, bytes).map(|()| path)
    };
    let files = [
        file("present.img", image::ext2())?,
        file("fat.img", fat::image())?,
        file("partitioned.img", partitioned())?,
        file("earlier.img", image::ext2())?,
        file("held.img", image::ext2())?,
    ];
    gadget::mount_configuration()?;
    gadget::make(FIRST.0, &files)?;
    gadget::make(SECOND.0, &[file("later.img", image::ext2())?])?;
    gadget::plug(FIRST.0, FIRST.1)?;
    for disk in [PRESENT, FAT, PARTITIONED, EARLIER, HELD] {
        disk.wait()?;
    }
    wait_for(|| Ok(PARTITIONED.path().is_ok_and(|path| exists(&partition_of(&path)))))?;
    let scsi = SCSI.wait()?;
    let mut scsi = fs::File::options().write(true).open(scsi)?;
    scsi.write_all(&image::ext2())?;
    scsi.sync_all()
}

/// Plugs in the drive that was not there before. Returns the path of its disk.
///
/// # Errors
/// When the kernel refuses, or no disk appears.
pub(super) fn plug_later() -> io::Result<String> {
    gadget::plug(SECOND.0, SECOND.1)?;
    LATER.wait()
}

/// Unplugs that drive, if it is plugged in.
///
/// # Errors
/// When the kernel refuses, or keeps the disk.
pub(super) fn unplug_later() -> io::Result<()> {
    gadget::unplug(SECOND.0)?;
    wait_for(|| Ok(LATER.find()?.is_none()))
}

/// The path of the first partition of the disk at `path`.
pub(super) fn partition_of(path: &str) -> String {
    format!("{path}1")
}

impl Disk {
    /// The path of the disk.
    ///
    /// # Errors
    /// ENODEV when it is not there.
    pub(super) fn path(self) -> io::Result<String> {
        self.find()?.ok_or_else(|| io::Error::from_raw_os_error(libc::ENODEV))
    }

    fn find(self) -> io::Result<Option<String>> {
        for entry in fs::read_dir("/sys/block")? {
            let entry = entry?;
            // A disk may go while hookbench looks.
            let Ok(place) = fs::canonicalize(entry.path()) else { continue };
            if self.is_at(&place) {
                let path = format!("/dev/{}", entry.file_name().to_string_lossy());
                return Ok(exists(&path).then_some(path));
            }
        }
        Ok(None)
    }

    /// Whether the disk at `place` in `/sys`, `…/dummy_hcd.0/…/HOST:CHANNEL:TARGET:NUMBER/block/NAME`, is this one.
    fn is_at(self, place: &Path) -> bool {
        let names: Vec<_> = place.iter().map(|name| name.to_string_lossy()).collect();
        let [folders @ .., address, _, _] = &names[..] else { return false };
        let number = address.rsplit(':').next().and_then(|number| number.parse().ok());
        folders.iter().any(|folder| *folder == self.controller) && number == Some(self.number)
    }

    fn wait(self) -> io::Result<String> {
        wait_for(|| Ok(self.find()?.is_some()))?;
        self.path()
    }
}

/// Waits until it `is` so.
///
/// # Errors
/// ENODEV when it is not so in time.
fn wait_for(is: impl Fn() -> io::Result<bool>) -> io::Result<()> {
    for _ in 0..LOOKS {
        if is()? {
            return Ok(());
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    Err(io::Error::from_raw_os_error(libc::ENODEV))
}

/// A disk with a table of partitions, as PCs have it, and one partition of Linux.
fn partitioned() -> Vec<u8> {
    let (first, blocks) = PARTITION;
    let mut disk = vec![0; first as usize * BLOCK];
    let entry = &mut disk[446..462];
    entry[4] = 0x83;
    entry[8..12].copy_from_slice(&first.to_le_bytes());
    entry[12..].copy_from_slice(&blocks.to_le_bytes());
    disk[510..512].copy_from_slice(&[0x55, 0xaa]);
    disk.extend(image::ext2());
    disk
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_disk_is_found_by_its_controller_and_its_number() {
        let usb = "/sys/devices/platform/dummy_hcd.0/usb1/1-1/1-1:1.0/host1/target1:0:0/1:0:0:3/block/sdc";
        let scsi = "/sys/devices/pseudo_0/adapter0/host0/target0:0:0/0:0:0:0/block/sda";
        let at = |place: &str| {
            let disks = [PRESENT, FAT, PARTITIONED, EARLIER, HELD, LATER, SCSI];
            disks.map(|disk| disk.is_at(Path::new(place)))
        };
        assert_eq!(at(usb), [false, false, false, true, false, false, false]);
        assert_eq!(at(scsi), [false, false, false, false, false, false, true]);
        assert!(!SCSI.is_at(Path::new("/sys/devices/virtual/block/loop0")));
    }

    #[test]
    fn the_partition_is_the_file_system() {
        let disk = partitioned();
        assert_eq!(disk.len(), (PARTITION.0 + PARTITION.1) as usize * BLOCK);
        assert_eq!(disk[PARTITION.0 as usize * BLOCK..], image::ext2());
    }
}
