//! The kernel executes it where it would execute modprobe: it is asked for a kind of socket that it does not have.

use std::fs;
use std::io;

use super::scene_files::VULNERABLE;
use crate::scenario::Way;
use crate::scene::Scene;

pub(super) const WAY: Way = Way {
    as_root: true,
    ..Way::ordinary("modprobe-path", "the kernel executes it in place of modprobe (kernel.modprobe)", run)
};

fn run(scene: &Scene) -> io::Result<()> {
    fs::write("/proc/sys/kernel/modprobe", VULNERABLE)?;
    scene.window(|| {
        // SAFETY: makes a descriptor, or fails, which does not matter.
        unsafe { libc::socket(libc::AF_X25, libc::SOCK_SEQPACKET, 0) };
        super::wait_for_mark(scene);
        Ok(())
    })
}
