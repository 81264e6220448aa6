//! An inherited descriptor, read by `splice`.

use std::io::{self, Read};
use std::os::fd::AsRawFd;
use std::ptr::null_mut;

use super::{INHERITED, LENGTH, keep};
use crate::scenario::Way;
use crate::scene::Scene;
use crate::sys::check_long;

pub(super) const WAY: Way = Way::ordinary("splice", "splice from an inherited descriptor to a pipe", run);

fn run(scene: &Scene) -> io::Result<()> {
    let (mut reader, writer) = io::pipe()?;
    let (to, mut offset) = (writer.as_raw_fd(), 0);
    // SAFETY: the offset is ours.
    let mut splice = || unsafe { libc::splice(INHERITED, &raw mut offset, to, null_mut(), LENGTH, 0) };
    scene.window(|| check_long(splice() as i64))?;
    let mut bytes = [0; LENGTH];
    reader.read_exact(&mut bytes)?;
    keep(scene, &bytes);
    Ok(())
}
