//! An inherited descriptor, read by `sendfile`.

use std::io::{self, Read};
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;

use super::{INHERITED, LENGTH, keep};
use crate::scenario::Way;
use crate::scene::Scene;
use crate::sys::check_long;

pub(super) const WAY: Way =
    Way::ordinary("sendfile", "sendfile from an inherited descriptor to a socket", run);

fn run(scene: &Scene) -> io::Result<()> {
    let (to, mut from) = UnixStream::pair()?;
    let mut offset = 0;
    // SAFETY: the offset is ours.
    let mut send = || unsafe { libc::sendfile(to.as_raw_fd(), INHERITED, &raw mut offset, LENGTH) };
    scene.window(|| check_long(send() as i64))?;
    let mut bytes = [0; LENGTH];
    from.read_exact(&mut bytes)?;
    keep(scene, &bytes);
    Ok(())
}
