//! The file that does for all programs what LD_PRELOAD does for one. No variable is involved.

use std::fs;
use std::io;
use std::sync::atomic::Ordering;

use super::block::Block;
use super::{PROGRAM, READ, VALUE, arguments};
use crate::scenario::Way;
use crate::scene::{Scene, shared};
use crate::sys::{check, path};

/// The file.
pub(super) const FILE: &str = "/etc/ld.so.preload";

pub(super) const WAY: Way = Way {
    as_root: true,
    ..Way::ordinary(
        "ld-so-preload",
        "root writes /etc/ld.so.preload; the program reads it as its loader does",
        run,
    )
};

fn run(scene: &Scene) -> io::Result<()> {
    let (program, arguments) = (path(PROGRAM)?, arguments(READ, FILE)?);
    let (arguments, environment) = (arguments.block(), Block::of([]));
    scene.window(|| {
        fs::write(FILE, VALUE)?;
        // SAFETY: the texts outlive the call, which returns only when it fails.
        check(unsafe { libc::execve(program.as_ptr(), arguments.as_ptr(), environment.as_ptr()) })
    })?;
    Ok(())
}

/// The image: whether the file names what the way wrote.
pub(super) fn read(_: &[String]) -> i32 {
    let Ok(shared) = shared() else { return 1 };
    let is_there = fs::read_to_string(FILE).is_ok_and(|text| text == VALUE);
    shared.values[0].store(is_there.into(), Ordering::SeqCst);
    0
}

/// Removes the file.
pub(super) fn remove() -> io::Result<()> {
    match fs::remove_file(FILE) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}
