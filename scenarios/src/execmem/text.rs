//! A file that looks like a library: root wrote it, nobody has it open for writing, and its first page is code that
//! returns 1. Behind that it has data: a page with the code that returns 42, and a page that was never written.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::FileExt;

use super::memory::{CODE, PAGE, TEXT, map};
use crate::scene::Scene;

/// What the code in the first page returns.
pub(super) const ANSWER: u64 = 1;

/// The offset of the page with data.
pub(super) const DATA: usize = PAGE;
/// The offset of the page that was never written.
pub(super) const HOLE: usize = 2 * PAGE;

const NAME: &str = "library";

/// Writes it.
///
/// # Errors
/// When it cannot be written.
pub(super) fn write(scene: &Scene) -> io::Result<()> {
    fs::write(scene.path(NAME), [0xb8, ANSWER as u8, 0, 0, 0, 0xc3])?;
    let file = OpenOptions::new().write(true).open(scene.path(NAME))?;
    file.write_all_at(&CODE, DATA as u64)?;
    file.set_len((HOLE + PAGE) as u64)
}

/// Opens it to be read.
///
/// # Errors
/// What the kernel answered.
pub(super) fn open(scene: &Scene) -> io::Result<File> {
    File::open(scene.path(NAME))
}

/// Maps one of its pages as a loader maps the text of a library.
///
/// # Errors
/// What the kernel answered.
pub(super) fn mapped(scene: &Scene, offset: usize) -> io::Result<*mut u8> {
    map(TEXT, libc::MAP_PRIVATE, open(scene)?.as_raw_fd(), offset)
}

/// A new file of the way's user, with one empty page, open for reading and writing.
///
/// # Errors
/// What the kernel answered.
pub(super) fn new_file(scene: &Scene, name: &str) -> io::Result<File> {
    let path = scene.path(name);
    let file = OpenOptions::new().read(true).write(true).create(true).truncate(true).open(path)?;
    file.set_len(PAGE as u64)?;
    Ok(file)
}
