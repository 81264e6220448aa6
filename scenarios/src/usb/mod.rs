//! A file system of a USB drive is mounted after start-up. The drives are what the kernel's own USB stack makes of
//! `dummy_hcd`, a host and a device controller in one, and of the mass-storage function of USB devices: `usb-storage`
//! and the SCSI disks on it are the ones of a real drive. The policy is attached when start-up is over. Disks that are
//! not on USB, and a drive that was mounted before, are not its business.

use std::fs;
use std::io;
use std::path::Path;

use crate::modules;
use crate::mount::{self, COMPLETE, EXT4, MOUNTED, api, unmount};
use crate::scenario::{Call, Need, Scenario, Way};
use crate::scene::Scene;

mod again;
mod bind_earlier;
mod copy;
mod device_mapper;
mod drives;
mod fat;
mod fsmount_only;
mod fsopen;
mod gadget;
mod held;
mod int80_mount;
mod loop_file;
mod looped;
mod mapper;
mod other_name;
mod partition;
mod plain;
mod plugged_later;
mod read_earlier;
mod scsi_disk;
mod second_place;
mod vfat;

/// See the module.
pub(crate) static SCENARIO: Scenario = Scenario {
    ways: WAYS,
    textbook: &[Call::native("mount", libc::SYS_mount)],
    complete: COMPLETE,
    config: &["CONFIG_USB_DUMMY_HCD"],
    lack: || modules::lack(Need::ModuleFile("dummy_hcd")).map(|why| format!("no USB: {why}")),
    // A device that is plugged in later stays without a driver.
    settings: &[
        ("/sys/bus/usb/devices/usb*/authorized_default", "0"),
        ("/sys/bus/usb/drivers_autoprobe", "0"),
    ],
    set_up,
    reset,
    ..Scenario::named(
        "usb",
        "a file system of a USB drive is mounted after start-up",
        "the file that only the drive's file system has can be found",
        mount::has_marker,
    )
};

const WAYS: &[&Way] = &[
    &plain::WAY,
    &vfat::WAY,
    &partition::WAY,
    &other_name::WAY,
    &int80_mount::WAY,
    &fsopen::WAY,
    &fsmount_only::WAY,
    &held::WAY,
    &looped::WAY,
    &copy::WAY,
    &device_mapper::WAY,
    &plugged_later::WAY,
    &again::WAY,
    &second_place::WAY,
    &scsi_disk::WAY,
    &mount::FIXED_DISK_WAY,
    &loop_file::WAY,
    &bind_earlier::WAY,
    &read_earlier::WAY,
    &mount::TMPFS_WAY,
    &mount::GETRESUID_WAY,
];

/// Where a drive has been mounted since start-up.
const EARLIER: &str = "earlier";

/// What ways need. The modules that take options are loaded by `drives`.
const NEEDS: &[Need] = &[
    Need::Loaded("crc32c_generic"),
    Need::Loaded("dm_mod"),
    Need::Loaded("ext4"),
    Need::Loaded("loop"),
    Need::Loaded("nls_ascii"),
    Need::Loaded("nls_cp437"),
    Need::Loaded("sd_mod"),
    Need::Loaded("usb_f_mass_storage"),
    Need::Loaded("vfat"),
    Need::ModuleFile("dummy_hcd"),
    Need::ModuleFile("scsi_debug"),
    Need::ModuleFile("usb_storage"),
];

/// A way by which root mounts a drive.
const fn with_drive(name: &'static str, about: &'static str, run: fn(&Scene) -> io::Result<()>) -> Way {
    Way { as_root: true, needs: NEEDS, ..Way::ordinary(name, about, run) }
}

/// Mounts the file system on `disk` where the effect is looked for.
///
/// # Errors
/// What the kernel answered.
fn mount_disk(scene: &Scene, disk: &str) -> io::Result<()> {
    crate::sys::mount(disk, &scene.path(MOUNTED), Some(EXT4), libc::MS_RDONLY, "")
}

fn set_up(scene: &Scene) -> io::Result<()> {
    for folder in [MOUNTED, EARLIER] {
        fs::create_dir_all(scene.path(folder))?;
    }
    drives::set_up(scene)?;
    held::set_up()
}

fn reset(scene: &Scene) -> io::Result<()> {
    unmount(&scene.path(MOUNTED))?;
    unmount(&scene.path(EARLIER))?;
    mapper::remove()?;
    drives::unplug_later()?;
    mount_earlier(scene)
}

/// Mounts the drive that has been mounted since start-up.
fn mount_earlier(scene: &Scene) -> io::Result<()> {
    let disk = drives::EARLIER.path()?;
    crate::sys::mount(&disk, &scene.path(EARLIER), Some(EXT4), libc::MS_RDONLY, "")
}

/// Whether there is a file at `path`.
fn exists(path: &str) -> bool {
    Path::new(path).exists()
}
