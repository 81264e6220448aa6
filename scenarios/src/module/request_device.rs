//! The kernel looks for a network device and has the module loaded: the program in `/proc/sys/kernel/modprobe` runs
//! without any system call of the way that names a module.

use std::io;

use super::{FORBIDDEN, by_root};
use crate::scenario::Way;
use crate::scene::Scene;
use crate::sys::check;

pub(super) const WAY: Way =
    by_root("request-device", "ioctl(SIOCGIFINDEX) of a network device that does not exist yet", run);

fn run(scene: &Scene) -> io::Result<()> {
    // SAFETY: a new descriptor, and a structure of numbers, for which zero is valid.
    let (socket, mut request) = unsafe {
        let socket = check(libc::socket(libc::AF_INET, libc::SOCK_DGRAM, 0))?;
        (socket, std::mem::zeroed::<libc::ifreq>())
    };
    for (place, byte) in request.ifr_name.iter_mut().zip(FORBIDDEN.bytes()) {
        *place = byte as libc::c_char;
    }
    scene.begin()?;
    // The name is no device's even afterwards; the module makes another one.
    // SAFETY: the kernel writes into `request`.
    unsafe { libc::ioctl(socket, libc::SIOCGIFINDEX, &mut request) };
    scene.end();
    Ok(())
}
