//! The code of a library that is known to be vulnerable runs in a process. The library is a file of two pages; its code
//! returns a number, and does nothing else.

use std::ffi::CStr;
use std::fs::{self, File};
use std::io;
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::ptr::null_mut;
use std::sync::atomic::Ordering;

use crate::scenario::{Call, Measured, Scenario, Way};
use crate::scene::{Scene, Shared, now};
use crate::sys::check;

mod anonymous;
mod copy;
mod hard_link;
mod inherited;
mod int80_link;
mod int80_mmap2;
mod int80_mprotect;
mod memfd;
mod mmap;
mod mmap_shared;
mod mprotect;
mod other_library;
mod pkey_mprotect;
mod proc_fd;
mod read;
mod read_implies_exec;

const LIBRARY: &str = "/run/scene/libvulnerable.so";
const LIBRARY_C: &CStr = c"/run/scene/libvulnerable.so";
const PAGE: usize = 4_096;

/// A descriptor of the library that was opened before the policy was attached. Ways inherit it.
const INHERITED: RawFd = 202;

/// See the module.
pub(crate) static SCENARIO: Scenario = Scenario {
    ways: WAYS,
    textbook: &[Call::native("mmap", libc::SYS_mmap)],
    complete: &[
        Call::native("mmap", libc::SYS_mmap),
        Call::native("mprotect", libc::SYS_mprotect),
        Call::native("pkey_mprotect", libc::SYS_pkey_mprotect),
        Call::native("remap_file_pages", libc::SYS_remap_file_pages),
        Call::native("uselib", libc::SYS_uselib),
        Call::compat("uselib", 86),
        Call::compat("mmap", 90),
        Call::compat("mprotect", 125),
        Call::compat("mmap2", 192),
        Call::compat("remap_file_pages", 257),
        Call::compat("pkey_mprotect", 380),
    ],
    target: || fs::metadata(LIBRARY).ok().map(|file| (file.dev(), file.ino())),
    files: &[(LIBRARY, "r")],
    measured: Some(Measured {
        rules: &["measure func=MMAP_CHECK mask=MAY_EXEC"],
        more: &[],
        files: &[LIBRARY],
    }),
    set_up,
    reset,
    ..Scenario::named(
        "library",
        "the code of a vulnerable library runs",
        "a process got the number that the library's code returns, which differs in each guest",
        has_effect,
    )
};

const WAYS: &[&Way] = &[
    &mmap::WAY,
    &mmap_shared::WAY,
    &mprotect::WAY,
    &pkey_mprotect::WAY,
    &read_implies_exec::WAY,
    &hard_link::WAY,
    &proc_fd::WAY,
    &inherited::WAY,
    &int80_mmap2::WAY,
    &int80_mprotect::WAY,
    &anonymous::WAY,
    &memfd::WAY,
    &copy::WAY,
    &other_library::WAY,
    &read::WAY,
    &int80_link::WAY,
];

/// The library's bytes: a page that begins as an ELF file does, and a page with `mov eax, NUMBER; ret`.
fn bytes(number: u32) -> Vec<u8> {
    let mut bytes = vec![0; 2 * PAGE];
    bytes[..4].copy_from_slice(b"\x7fELF");
    bytes[PAGE] = 0xb8;
    bytes[PAGE + 1..PAGE + 5].copy_from_slice(&number.to_le_bytes());
    bytes[PAGE + 5] = 0xc3;
    bytes
}

fn set_up(scene: &Scene) -> io::Result<()> {
    // No way knows it beforehand.
    fs::write(LIBRARY, bytes(now() as u32 | 1))?;
    fs::write(scene.path(other_library::NAME), bytes(other_library::NUMBER))?;
    int80_link::set_up(scene)?;
    let library = File::open(LIBRARY)?;
    // SAFETY: the number is used for nothing else.
    check(unsafe { libc::dup2(library.as_raw_fd(), INHERITED) }).map(drop)
}

/// Removes what ways leave.
fn reset(scene: &Scene) -> io::Result<()> {
    hard_link::remove(scene)?;
    copy::remove(scene)?;
    int80_link::remove(scene)
}

fn has_effect(_: &Scene, shared: &Shared) -> io::Result<bool> {
    let mut number = [0; 4];
    File::open(LIBRARY)?.read_exact_at(&mut number, PAGE as u64 + 1)?;
    Ok(shared.values[0].load(Ordering::SeqCst) == u64::from(u32::from_le_bytes(number)))
}

/// Whether an allowed neighbour came through: it says so itself.
fn worked(_: &Scene, shared: &Shared) -> io::Result<bool> {
    Ok(shared.values[0].load(Ordering::SeqCst) == 1)
}

/// Runs the library's code at `address`.
fn call(address: usize) -> u32 {
    // SAFETY: what is there was mapped or copied from the library, whose code is a function without arguments that
    // returns a number.
    unsafe { std::mem::transmute::<usize, extern "C" fn() -> u32>(address)() }
}

/// Opens the window, has `load` load the code, closes the window, and runs it.
fn run_after(scene: &Scene, load: impl FnOnce() -> io::Result<usize>) -> io::Result<()> {
    let address = scene.window(load)?;
    scene.shared.values[0].store(call(address).into(), Ordering::SeqCst);
    Ok(())
}

/// Opens a file by its path, by `openat`.
fn open(path: &CStr) -> io::Result<RawFd> {
    // SAFETY: the path outlives the call.
    check(unsafe { libc::openat(libc::AT_FDCWD, path.as_ptr(), libc::O_RDONLY) })
}

/// Maps the page of the code. Returns its address.
fn map(fd: RawFd, protection: i32, flags: i32) -> io::Result<usize> {
    // SAFETY: a new mapping at an address that the kernel chooses.
    let place = unsafe { libc::mmap(null_mut(), PAGE, protection, flags, fd, PAGE as i64) };
    if place == libc::MAP_FAILED { Err(io::Error::last_os_error()) } else { Ok(place as usize) }
}

/// Maps the page of the code as the loader of programs does.
fn map_code(fd: RawFd) -> io::Result<usize> {
    map(fd, libc::PROT_READ | libc::PROT_EXEC, libc::MAP_PRIVATE)
}

/// Makes the page at `address` executable.
fn make_executable(address: usize) -> io::Result<usize> {
    // SAFETY: the page is one that a way mapped for this.
    check(unsafe { libc::mprotect(address as *mut _, PAGE, libc::PROT_READ | libc::PROT_EXEC) })?;
    Ok(address)
}
