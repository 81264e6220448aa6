//! The variable is in a page that nobody has touched: a BPF program cannot read it before the kernel has.

use std::ffi::c_char;
use std::fs::{self, File};
use std::io;
use std::os::fd::AsRawFd;
use std::sync::OnceLock;

use super::block::Block;
use super::{execute, ld_preload, preload};
use crate::scenario::Way;
use crate::scene::Scene;

/// A file that begins with the variable. It is open since before the policy was attached.
static FILE: OnceLock<File> = OnceLock::new();

pub(super) const PAGE: usize = 4_096;

pub(super) const WAY: Way =
    Way::ordinary("fresh-page", "execve with LD_PRELOAD in a mapping that was never touched", |scene| {
        execute(scene, ld_preload::NAME, &Block::of([map()?.cast_const()]))
    });

pub(super) fn set_up(scene: &Scene) -> io::Result<()> {
    let path = scene.path("variable");
    let mut bytes = preload()?.into_bytes_with_nul();
    bytes.resize(PAGE, 0);
    fs::write(&path, bytes)?;
    let _ = FILE.set(File::open(path)?);
    Ok(())
}

/// Maps the file. Its page is not in the page table.
pub(super) fn map() -> io::Result<*mut c_char> {
    let file = FILE.get().ok_or(io::ErrorKind::NotFound)?.as_raw_fd();
    let protection = libc::PROT_READ | libc::PROT_WRITE;
    // SAFETY: a new mapping at an address that the kernel chooses.
    let place = unsafe { libc::mmap(std::ptr::null_mut(), PAGE, protection, libc::MAP_PRIVATE, file, 0) };
    if place == libc::MAP_FAILED { Err(io::Error::last_os_error()) } else { Ok(place.cast()) }
}
