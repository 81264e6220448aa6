//! A loop device over the medium: what is mounted is a device that is not removable.

use std::fs::File;
use std::io;
use std::mem::offset_of;
use std::os::fd::AsRawFd;

use super::{EXT4, MOUNTED, media, with_medium};
use crate::scenario::{Need, Way};
use crate::scene::Scene;
use crate::sys::{check, mount};

/// What ways with a loop device need.
pub(super) const NEEDS: &[Need] =
    &[Need::ModuleFile("scsi_debug"), Need::ModuleFile("sd_mod"), Need::Loaded("loop")];

/// Requests and flags of the kernel's `loop.h`.
const GET_FREE: libc::Ioctl = 0x4c82;
const CONFIGURE: libc::Ioctl = 0x4c0a;
const READ_ONLY: u32 = 1;
/// The kernel frees the device after its last use.
const AUTOCLEAR: u32 = 4;

/// The kernel's `struct loop_config`.
#[repr(C)]
struct Configuration {
    fd: u32,
    block_size: u32,
    /// `struct loop_info64` until `lo_flags`.
    before_flags: [u8; 52],
    flags: u32,
    rest: [u8; 240],
}

const _: () = assert!(size_of::<Configuration>() == 304 && offset_of!(Configuration, flags) == 60);

pub(super) const WAY: Way = Way {
    needs: NEEDS,
    ..with_medium("loop", "a loop device over /dev/sda, then mount(2)", |scene| {
        scene.begin()?;
        let mounted = File::open(media::FIRST).and_then(|medium| mount_file(scene, &medium));
        scene.end();
        mounted
    })
};

/// Mounts the file system in `file` by a loop device, which the kernel frees when it is unmounted.
///
/// # Errors
/// When the kernel refuses.
pub(crate) fn mount_file(scene: &Scene, file: &File) -> io::Result<()> {
    let control = File::options().read(true).write(true).open("/dev/loop-control")?;
    // SAFETY: numbers alone.
    let number = check(unsafe { libc::ioctl(control.as_raw_fd(), GET_FREE) })?;
    let device = format!("/dev/loop{number}");
    let looped = File::open(&device)?;
    let configuration = Configuration {
        fd: file.as_raw_fd() as u32,
        block_size: 0,
        before_flags: [0; 52],
        flags: READ_ONLY | AUTOCLEAR,
        rest: [0; 240],
    };
    // SAFETY: the structure outlives the call.
    check(unsafe { libc::ioctl(looped.as_raw_fd(), CONFIGURE, &raw const configuration) })?;
    mount(&device, &scene.path(MOUNTED), Some(EXT4), libc::MS_RDONLY, "")
}
