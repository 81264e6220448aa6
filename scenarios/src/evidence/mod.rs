//! A log file loses what was written to it. Appending to it is allowed.

use std::ffi::CStr;
use std::fs::{self, File};
use std::io;
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::Path;
use std::sync::atomic::Ordering;

use crate::scenario::{Call, Scenario, Way};
use crate::scene::{Scene, Shared, USER};
use crate::sys::check;

mod append;
mod append_fcntl;
mod append_ftruncate;
mod append_mmap;
mod append_punch_hole;
mod append_pwritev2;
mod copy_file_range;
mod creat;
mod ftruncate;
mod int80_remap;
mod int80_truncate;
mod mmap;
mod open;
mod open_read_only;
mod openat2;
mod other_file;
mod overwrite;
mod punch_hole;
mod rename;
mod truncate;
mod unlink;
mod uring_fallocate;
mod uring_ftruncate;
mod uring_openat;
mod uring_write;

const LOG: &str = "/run/scene/log";
const LOG_C: &CStr = c"/run/scene/log";
/// Another name of the same file, where ways cannot reach it.
const KEPT: &str = "/run/scene/kept/log";

/// Bytes of the log, and of a page.
const LENGTH: usize = 4_096;
const LINE: &[u8; 16] = b"this happened.\r\n";

/// A descriptor for writing, not only for appending, that was opened before the policy was attached. Ways inherit it.
const INHERITED: RawFd = 202;

/// A descriptor of another file for reading. Ways inherit it.
const OTHER: RawFd = 203;

/// See the module. Calls that only write (`write`, `writev`, `sendfile`, `splice`) or map are not in the list: a policy
/// that records these records everything.
pub(crate) static SCENARIO: Scenario = Scenario {
    ways: WAYS,
    textbook: &[Call::native("open", libc::SYS_open), Call::native("openat", libc::SYS_openat)],
    complete: COMPLETE,
    target: || fs::metadata(KEPT).ok().map(|file| (file.dev(), file.ino())),
    files: &[(LOG, "wa")],
    allows_append: true,
    set_up,
    reset,
    ..Scenario::named(
        "evidence",
        "a log file loses what was written to it",
        "the file at the log's path does not begin with the log's bytes any more",
        has_effect,
    )
};

/// Flags of `open` with which a file can change.
const WRITING: u32 = (libc::O_WRONLY | libc::O_RDWR | libc::O_TRUNC) as u32;

const COMPLETE: &[Call] = &[
    Call::native("open", libc::SYS_open).with(1, WRITING),
    Call::native("openat", libc::SYS_openat).with(2, WRITING),
    Call::native("openat2", libc::SYS_openat2),
    Call::native("creat", libc::SYS_creat),
    Call::native("open_by_handle_at", libc::SYS_open_by_handle_at).with(2, WRITING),
    Call::native("truncate", libc::SYS_truncate),
    Call::native("ftruncate", libc::SYS_ftruncate),
    Call::native("fallocate", libc::SYS_fallocate),
    Call::native("pwrite64", libc::SYS_pwrite64),
    Call::native("pwritev", libc::SYS_pwritev),
    Call::native("pwritev2", libc::SYS_pwritev2),
    Call::native("copy_file_range", libc::SYS_copy_file_range),
    Call::native("rename", libc::SYS_rename),
    Call::native("renameat", libc::SYS_renameat),
    Call::native("renameat2", libc::SYS_renameat2),
    Call::native("unlink", libc::SYS_unlink),
    Call::native("unlinkat", libc::SYS_unlinkat),
    Call::compat("open", 5).with(1, WRITING),
    Call::compat("creat", 8),
    Call::compat("unlink", 10),
    Call::compat("rename", 38),
    Call::compat("truncate", 92),
    Call::compat("ftruncate", 93),
    Call::compat("pwrite64", 181),
    Call::compat("truncate64", 193),
    Call::compat("ftruncate64", 194),
    Call::compat("openat", 295).with(2, WRITING),
    Call::compat("unlinkat", 301),
    Call::compat("renameat", 302),
    Call::compat("fallocate", 324),
    Call::compat("pwritev", 334),
    Call::compat("open_by_handle_at", 342).with(2, WRITING),
    Call::compat("renameat2", 353),
    Call::compat("copy_file_range", 377),
    Call::compat("pwritev2", 379),
    Call::compat("openat2", 437),
    Call::uring("fallocate", 17),
    Call::uring("openat", 18),
    Call::uring("openat2", 28),
    Call::uring("renameat", 35),
    Call::uring("unlinkat", 36),
    Call::uring("ftruncate", 55),
];

const WAYS: &[&Way] = &[
    &open::WAY,
    &open_read_only::WAY,
    &creat::WAY,
    &openat2::WAY,
    &truncate::WAY,
    &ftruncate::WAY,
    &punch_hole::WAY,
    &overwrite::WAY,
    &copy_file_range::WAY,
    &mmap::WAY,
    &rename::WAY,
    &unlink::WAY,
    &uring_openat::WAY,
    &uring_fallocate::WAY,
    &uring_write::WAY,
    &uring_ftruncate::WAY,
    &int80_truncate::WAY,
    &append_ftruncate::WAY,
    &append_fcntl::WAY,
    &append_mmap::WAY,
    &append_punch_hole::WAY,
    &append_pwritev2::WAY,
    &append::WAY,
    &other_file::WAY,
    &int80_remap::WAY,
];

fn original() -> Vec<u8> {
    LINE.repeat(LENGTH / LINE.len())
}

/// Has ways inherit `file` as the descriptor `number`.
fn inherit(file: &File, number: RawFd) -> io::Result<()> {
    // SAFETY: the number is used for nothing else.
    check(unsafe { libc::dup2(file.as_raw_fd(), number) }).map(drop)
}

fn set_up(scene: &Scene) -> io::Result<()> {
    let folder = Path::new(KEPT).parent().ok_or(io::ErrorKind::NotFound)?;
    fs::create_dir_all(folder)?;
    fs::set_permissions(folder, PermissionsExt::from_mode(0o700))?;
    fs::write(KEPT, original())?;
    fs::set_permissions(KEPT, PermissionsExt::from_mode(0o644))?;
    chown(KEPT, Some(USER), Some(USER))?;
    inherit(&File::options().read(true).write(true).open(KEPT)?, INHERITED)?;
    let zeros = scene.path("zeros");
    fs::write(&zeros, [0; LENGTH])?;
    inherit(&File::open(zeros)?, OTHER)
}

/// The same file, at its place and with its bytes.
fn reset(scene: &Scene) -> io::Result<()> {
    for name in [rename::NAME, other_file::NAME] {
        let path = scene.path(name);
        fs::write(&path, b"not a log")?;
        chown(path, Some(USER), Some(USER))?;
    }
    match fs::remove_file(LOG) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    fs::hard_link(KEPT, LOG)?;
    fs::write(KEPT, original())
}

fn has_effect(_: &Scene, _: &Shared) -> io::Result<bool> {
    match fs::read(LOG) {
        Ok(bytes) => Ok(!bytes.starts_with(&original())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(true),
        Err(error) => Err(error),
    }
}

/// Whether an allowed neighbour came through: it says so itself.
fn worked(_: &Scene, shared: &Shared) -> io::Result<bool> {
    Ok(shared.values[0].load(Ordering::SeqCst) == 1)
}

/// Opens the log for appending, as a logger does.
fn open_to_append() -> io::Result<File> {
    File::options().read(true).append(true).open(LOG)
}

/// Overwrites a page of the log in a mapping.
fn overwrite_mapping(fd: RawFd) -> io::Result<()> {
    let protection = libc::PROT_READ | libc::PROT_WRITE;
    // SAFETY: a new mapping at an address that the kernel chooses; the file is that long.
    unsafe {
        let place = libc::mmap(std::ptr::null_mut(), LENGTH, protection, libc::MAP_SHARED, fd, 0);
        if place == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        place.cast::<[u8; LENGTH]>().write_volatile([0; LENGTH]);
    }
    Ok(())
}

/// Makes a hole of all of the log.
fn punch(fd: RawFd) -> io::Result<()> {
    // SAFETY: no memory is involved.
    check(unsafe { libc::fallocate(fd, HOLE, 0, LENGTH as i64) }).map(drop)
}

/// A hole keeps the file's size.
const HOLE: i32 = libc::FALLOC_FL_PUNCH_HOLE | libc::FALLOC_FL_KEEP_SIZE;
