//! Two files swap their names, then the program deletes a file by the name of the other one.

use std::io;

use super::image::become_program;
use super::{FILE, OTHER_FILE};
use crate::scenario::Way;
use crate::scene::Scene;
use crate::sys::{check, check_long, path};

pub(super) const WAY: Way = Way::ordinary(
    "exchange",
    "the program swaps names with another file (renameat2), and unlinks that name",
    |scene| become_program(scene, &scene.path(FILE), "exchange"),
);

pub(super) fn deed(scene: &Scene, file: &str) -> io::Result<()> {
    let (file, other) = (path(file)?, path(&scene.path(OTHER_FILE))?);
    let here = libc::AT_FDCWD;
    scene.window(|| {
        // SAFETY: both paths outlive the calls.
        unsafe {
            let swap = libc::RENAME_EXCHANGE;
            check_long(libc::syscall(libc::SYS_renameat2, here, other.as_ptr(), here, file.as_ptr(), swap))?;
            check(libc::unlink(other.as_ptr()))
        }
    })?;
    Ok(())
}
