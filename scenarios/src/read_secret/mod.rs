//! The bytes of a secret file, which the mode bits let an ordinary user read and a policy should not.

use std::ffi::CStr;
use std::fs::{self, File};
use std::io;
use std::os::fd::{IntoRawFd, RawFd};
use std::os::unix::fs::{MetadataExt, chown};
use std::path::Path;
use std::sync::atomic::Ordering;

use crate::scenario::{About, Call, Measured, Replaced, Scenario, Way};
use crate::scene::{Scene, Shared, USER, now};
use crate::sys::{check, check_long};

mod bind_mount;
mod chdir;
mod handle;
mod hard_link;
mod holder;
mod inherited;
mod int80_fork;
mod int80_open;
mod mmap;
mod mmap_inherited;
mod open;
mod open_create;
mod openat;
mod openat2;
mod other_file;
mod overlay;
mod pidfd_getfd;
mod proc_fd;
mod proc_mem;
mod proc_root;
mod ptrace;
mod scm_rights;
mod sendfile;
mod splice;
mod stat;
mod symlink;
mod uring_inherited;
mod uring_openat;
mod uring_openat2;
mod uring_sqpoll;
mod vm_readv;

const SECRET: &str = "/run/scene/secret";
const SECRET_C: &CStr = c"/run/scene/secret";
/// Bytes of the secret.
const LENGTH: usize = 32;

/// A descriptor of the secret that was opened before the policy was attached. Ways inherit it.
const INHERITED: RawFd = 202;

/// See the module. Calls that use a descriptor which the caller has already (`read`, `recvmsg`, `sendfile`, `mmap`) are
/// not in the list: a policy that records these records everything.
pub(crate) static SCENARIO: Scenario = Scenario {
    ways: WAYS,
    textbook: &[Call::native("open", libc::SYS_open), Call::native("openat", libc::SYS_openat)],
    complete: COMPLETE,
    target,
    files: &[(SECRET, "r")],
    replaced: Some(Replaced { function: "security_file_open", about: About::File }),
    measured: Some(Measured {
        // Files of procfs, sysfs and securityfs have no content to hash.
        rules: &[
            "dont_measure fsmagic=0x9fa0",
            "dont_measure fsmagic=0x62656572",
            "dont_measure fsmagic=0x73636673",
            "measure func=FILE_CHECK mask=MAY_READ",
        ],
        // MAY_READ alone is not the mask of a file that is opened for reading and writing.
        more: &["measure func=FILE_CHECK mask=^MAY_READ"],
        files: &[SECRET],
    }),
    set_up,
    reset,
    ..Scenario::named(
        "read-secret",
        "a process gets the bytes of a secret file",
        "the secret's bytes, which differ in each guest, are in the memory of the way",
        has_effect,
    )
};

const COMPLETE: &[Call] = &[
    Call::native("open", libc::SYS_open),
    Call::native("openat", libc::SYS_openat),
    Call::native("openat2", libc::SYS_openat2),
    Call::native("creat", libc::SYS_creat),
    Call::native("open_by_handle_at", libc::SYS_open_by_handle_at),
    Call::native("pidfd_getfd", libc::SYS_pidfd_getfd),
    Call::native("process_vm_readv", libc::SYS_process_vm_readv),
    Call::native("ptrace", libc::SYS_ptrace),
    Call::compat("open", 5),
    Call::compat("creat", 8),
    Call::compat("ptrace", 26),
    Call::compat("openat", 295),
    Call::compat("open_by_handle_at", 342),
    Call::compat("process_vm_readv", 347),
    Call::compat("openat2", 437),
    Call::compat("pidfd_getfd", 438),
    Call::uring("openat", 18),
    Call::uring("openat2", 28),
];

const WAYS: &[&Way] = &[
    &open::WAY,
    &openat::WAY,
    &open_create::WAY,
    &openat2::WAY,
    &handle::WAY,
    &uring_openat::WAY,
    &uring_openat2::WAY,
    &uring_sqpoll::WAY,
    &mmap::WAY,
    &hard_link::WAY,
    &symlink::WAY,
    &bind_mount::WAY,
    &proc_root::WAY,
    &chdir::WAY,
    &scm_rights::WAY,
    &pidfd_getfd::WAY,
    &proc_fd::WAY,
    &vm_readv::WAY,
    &proc_mem::WAY,
    &ptrace::WAY,
    &int80_open::WAY,
    &inherited::WAY,
    &sendfile::WAY,
    &splice::WAY,
    &mmap_inherited::WAY,
    &uring_inherited::WAY,
    &overlay::WAY,
    &other_file::WAY,
    &stat::WAY,
    &int80_fork::WAY,
];

fn target() -> Option<(u64, u64)> {
    fs::metadata(SECRET).ok().map(|file| (file.dev(), file.ino()))
}

fn set_up(scene: &Scene) -> io::Result<()> {
    // No way knows it beforehand.
    let secret = now().wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let secret = format!("{:0>LENGTH$}", format!("{secret:x}"));
    give_to_user(Path::new(SECRET), secret.as_bytes())?;
    give_to_user(&scene.folder.join(other_file::NAME), b"nothing that matters")?;
    File::create(scene.path(bind_mount::NAME))?;
    let fd = File::open(SECRET)?.into_raw_fd();
    // SAFETY: both descriptors are ours.
    unsafe {
        check(libc::dup2(fd, INHERITED))?;
        check(libc::close(fd))?;
    }
    holder::start(scene)
}

/// Writes a file that only the ordinary user may read.
fn give_to_user(path: &Path, bytes: &[u8]) -> io::Result<()> {
    fs::write(path, bytes)?;
    fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o600))?;
    chown(path, Some(USER), Some(USER))
}

fn reset(scene: &Scene) -> io::Result<()> {
    for name in [hard_link::NAME, symlink::NAME] {
        match fs::remove_file(scene.path(name)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

fn has_effect(_: &Scene, shared: &Shared) -> io::Result<bool> {
    let secret = fs::read(SECRET)?;
    let got: Vec<u8> =
        shared.values.iter().flat_map(|word| word.load(Ordering::SeqCst).to_ne_bytes()).collect();
    Ok(secret.len() == LENGTH && got.starts_with(&secret))
}

/// Whether an allowed neighbour came through: it says so itself.
fn worked(_: &Scene, shared: &Shared) -> io::Result<bool> {
    Ok(shared.values[0].load(Ordering::SeqCst) == 1)
}

/// Keeps what a way got, for the check of the effect.
fn keep(scene: &Scene, bytes: &[u8]) {
    for (word, bytes) in scene.shared.values.iter().zip(bytes.chunks_exact(8)) {
        word.store(u64::from_ne_bytes(bytes.try_into().unwrap_or_default()), Ordering::SeqCst);
    }
}

/// Opens the window, has `open` open the secret, closes the window, and reads.
fn read_after(scene: &Scene, open: impl FnOnce() -> io::Result<RawFd>) -> io::Result<()> {
    let fd = scene.window(open)?;
    let bytes = read(fd)?;
    keep(scene, &bytes);
    Ok(())
}

/// Reads from the beginning of a file.
fn read(fd: RawFd) -> io::Result<[u8; LENGTH]> {
    let mut bytes = [0; LENGTH];
    // SAFETY: `bytes` is ours to write.
    check_long(unsafe { libc::pread(fd, bytes.as_mut_ptr().cast(), LENGTH, 0) } as i64)?;
    Ok(bytes)
}

/// Opens `path` for reading, by `openat`.
fn open_path(path: &CStr) -> io::Result<RawFd> {
    // SAFETY: the path outlives the call.
    check(unsafe { libc::openat(libc::AT_FDCWD, path.as_ptr(), libc::O_RDONLY) })
}
