//! After start-up, a file system becomes reachable that was not: that of a removable medium, or one that an ordinary user
//! brings. Media are disks of the kernel's `scsi_debug`, which calls them removable, with an ext2 file system. The
//! policy is attached when start-up is over.

use std::fs;
use std::io;
use std::path::Path;
use std::sync::atomic::Ordering;

use crate::scenario::{Call, Need, Scenario, Way};
use crate::scene::{Scene, Shared};
use crate::sys::path;

pub(crate) mod api;
mod automount;
mod bind;
mod bind_folder;
mod fixed_disk;
mod fsmount_only;
mod fsopen;
pub(crate) mod image;
mod int80_getresuid;
pub(crate) mod int80_mount;
pub(crate) mod looped;
mod looped_copy;
mod media;
mod mknod;
mod move_away;
mod open_tree;
mod open_tree_only;
mod plain;
mod proc_for_root;
mod set_attributes;
mod symlink;
mod tmpfs_for_root;
mod user_fsopen;
mod user_tmpfs;

/// See the module.
pub(crate) static SCENARIO: Scenario = Scenario {
    ways: WAYS,
    textbook: &[Call::native("mount", libc::SYS_mount)],
    complete: COMPLETE,
    target: media::target,
    set_up,
    reset,
    ..Scenario::named(
        "mount",
        "a file system that was out of reach is reached after start-up",
        "the file that only the new file system has can be found",
        has_marker,
    )
};

/// The calls that can mount something.
pub(crate) const COMPLETE: &[Call] = &[
    Call::native("mount", libc::SYS_mount),
    Call::native("open_tree", libc::SYS_open_tree),
    Call::native("move_mount", libc::SYS_move_mount),
    Call::native("fsopen", libc::SYS_fsopen),
    Call::native("fsconfig", libc::SYS_fsconfig),
    Call::native("fsmount", libc::SYS_fsmount),
    Call::native("fspick", libc::SYS_fspick),
    Call::native("mount_setattr", libc::SYS_mount_setattr),
    Call::native("open_tree_attr", OPEN_TREE_ATTR as i64),
    Call::compat("mount", int80_mount::MOUNT),
    Call::compat("open_tree", libc::SYS_open_tree as u32),
    Call::compat("move_mount", libc::SYS_move_mount as u32),
    Call::compat("fsopen", libc::SYS_fsopen as u32),
    Call::compat("fsconfig", libc::SYS_fsconfig as u32),
    Call::compat("fsmount", libc::SYS_fsmount as u32),
    Call::compat("fspick", libc::SYS_fspick as u32),
    Call::compat("mount_setattr", libc::SYS_mount_setattr as u32),
    Call::compat("open_tree_attr", OPEN_TREE_ATTR),
];

/// Whether the file `marker` of the file system that ways mount can be found.
pub(crate) fn has_marker(scene: &Scene, _: &Shared) -> io::Result<bool> {
    Ok(Path::new(&scene.path("mounted/marker")).exists())
}

/// Allowed neighbours that other scenarios about mounts share.
pub(crate) const TMPFS_WAY: Way = tmpfs_for_root::WAY;
pub(crate) const FIXED_DISK_WAY: Way = fixed_disk::WAY;
pub(crate) const GETRESUID_WAY: Way = int80_getresuid::WAY;

const WAYS: &[&Way] = &[
    &plain::WAY,
    &symlink::WAY,
    &mknod::WAY,
    &int80_mount::WAY,
    &fsopen::WAY,
    &fsmount_only::WAY,
    &bind::WAY,
    &move_away::WAY,
    &open_tree::WAY,
    &open_tree_only::WAY,
    &set_attributes::WAY,
    &looped::WAY,
    &looped_copy::WAY,
    &user_tmpfs::WAY,
    &user_fsopen::WAY,
    &automount::WAY,
    &tmpfs_for_root::WAY,
    &proc_for_root::WAY,
    &fixed_disk::WAY,
    &bind_folder::WAY,
    &int80_getresuid::WAY,
];

/// `open_tree_attr`, which is newer than the C library's numbers.
const OPEN_TREE_ATTR: u32 = 467;
/// Where ways mount.
pub(crate) const MOUNTED: &str = "mounted";
/// Where the second medium has been since start-up: for ways that need one that is mounted.
const EARLIER: &str = "earlier";
/// Where debugfs is, in which the kernel mounts another file system.
const DEBUGFS: &str = "debugfs";
/// The type of the media's file system. It mounts ext2 as well.
pub(crate) const EXT4: &str = "ext4";
/// What a way with a medium needs.
const MEDIA: &[Need] = &[Need::ModuleFile("scsi_debug"), Need::ModuleFile("sd_mod")];

/// A way by which root makes a medium reachable.
const fn with_medium(name: &'static str, about: &'static str, run: fn(&Scene) -> io::Result<()>) -> Way {
    Way { as_root: true, needs: MEDIA, ..Way::ordinary(name, about, run) }
}

fn set_up(scene: &Scene) -> io::Result<()> {
    for folder in [MOUNTED, EARLIER, DEBUGFS, "folder"] {
        fs::create_dir_all(scene.path(folder))?;
    }
    fs::write(scene.path("folder/marker"), "")?;
    media::set_up()
}

fn reset(scene: &Scene) -> io::Result<()> {
    unmount(&scene.path(MOUNTED))?;
    unmount(&scene.path(EARLIER))?;
    unmount(&scene.path(DEBUGFS))?;
    crate::sys::mount("debugfs", &scene.path(DEBUGFS), Some("debugfs"), 0, "")?;
    if media::target().is_none() {
        return Ok(());
    }
    let flags = libc::MS_RDONLY | libc::MS_NOEXEC;
    crate::sys::mount(media::SECOND, &scene.path(EARLIER), Some(EXT4), flags, "")
}

/// Unmounts all that is mounted on `place`.
///
/// # Errors
/// When the path contains NUL.
pub(crate) fn unmount(place: &str) -> io::Result<()> {
    let place = path(place)?;
    // SAFETY: the path outlives the calls. The last one fails: nothing is mounted any more.
    while unsafe { libc::umount2(place.as_ptr(), libc::MNT_DETACH) } == 0 {}
    Ok(())
}

/// Leaves for the check of the effect whether the way found the file system's file by itself.
pub(crate) fn leave(scene: &Scene, is_reached: bool) {
    scene.shared.values[0].store(u64::from(is_reached), Ordering::SeqCst);
}

/// What the way left.
pub(crate) fn is_left(_: &Scene, shared: &Shared) -> io::Result<bool> {
    Ok(shared.values[0].load(Ordering::SeqCst) == 1)
}
