//! The files of the scene: the vulnerable program, another one, and what ways leave.

use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};

use super::programs;
use crate::elf::Class;
use crate::scene::Scene;
use crate::sys;

/// The vulnerable program.
pub(super) const VULNERABLE: &str = "/run/scene/vulnerable";
/// Another program, which nobody minds.
pub(super) const OTHER: &str = "other";
/// Where the vulnerable program is while another one has its place.
pub(super) const ASIDE: &str = "aside";
/// The file that the vulnerable program makes.
pub(super) const MARK: &str = "vulnerable-ran";
/// The file that the other program makes.
pub(super) const OTHER_MARK: &str = "other-ran";

/// What the kernel executes for a key that it does not have. Guests have no such file.
pub(super) const KEY_HELPER: &str = "/sbin/request-key";

/// What stays between ways.
const KEPT: [&str; 2] = ["vulnerable", OTHER];

/// Settings of the kernel that ways change: the file and what it has otherwise.
const SETTINGS: [(&str, &str); 2] =
    [("/proc/sys/kernel/core_pattern", "core"), ("/proc/sys/kernel/modprobe", "/sbin/modprobe")];

/// Folders of the scene on which ways mount something.
const MOUNTS: [&str; 3] = ["binfmt", "cgroup", "overlay"];

/// Writes the programs.
///
/// # Errors
/// When they cannot be written.
pub(super) fn set_up(scene: &Scene) -> io::Result<()> {
    write(VULNERABLE, &programs::makes(Class::Bits64, &scene.path(MARK)))?;
    write(&scene.path(OTHER), &programs::begins_and_makes(&scene.path(OTHER_MARK)))
}

/// Writes a program that everybody may execute.
///
/// # Errors
/// When it cannot be written.
pub(super) fn write(path: &str, bytes: &[u8]) -> io::Result<()> {
    fs::write(path, bytes)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o755))
}

/// The device and the inode of the vulnerable program.
pub(super) fn target() -> Option<(u64, u64)> {
    let file = fs::metadata(VULNERABLE).ok()?;
    Some((file.dev(), file.ino()))
}

/// Puts everything back.
///
/// # Errors
/// When something cannot be put back.
pub(super) fn reset(scene: &Scene) -> io::Result<()> {
    for (file, value) in SETTINGS {
        if fs::read_to_string(file)?.trim_end() != value {
            fs::write(file, value)?;
        }
    }
    for folder in MOUNTS {
        let path = sys::path(&scene.path(folder))?;
        // SAFETY: the path ends in NUL. Most of the time there is nothing mounted.
        unsafe { libc::umount2(path.as_ptr(), libc::MNT_DETACH) };
    }
    match fs::remove_file(KEY_HELPER) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    if fs::exists(scene.path(ASIDE))? {
        fs::rename(scene.path(ASIDE), VULNERABLE)?;
    }
    for entry in fs::read_dir(&scene.folder)? {
        let entry = entry?;
        if KEPT.iter().any(|kept| entry.file_name() == **kept) {
            continue;
        }
        if entry.file_type()?.is_dir() {
            fs::remove_dir_all(entry.path())?;
        } else {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}
