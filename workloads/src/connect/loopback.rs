//! The interface that leads back to the machine. In a guest nobody else brings it up.

use std::ffi::c_short;
use std::fs::File;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, FromRawFd};
use std::time::Duration;

/// How long the kernel gets to do what follows when the interface comes up.
const QUIET: Duration = Duration::from_millis(50);

/// Brings the interface up, unless it is.
///
/// # Errors
/// When the kernel refuses.
pub(super) fn bring_up() -> io::Result<()> {
    // SAFETY: the kernel makes a descriptor that nothing else owns, and reads and writes an `ifreq`. All that is zero
    // is valid for one, and the kernel answers with flags.
    let ended = unsafe {
        let socket = libc::socket(libc::AF_INET, libc::SOCK_DGRAM | libc::SOCK_CLOEXEC, 0);
        if socket < 0 {
            return Err(io::Error::last_os_error());
        }
        let socket = File::from_raw_fd(socket);
        let mut request: libc::ifreq = MaybeUninit::zeroed().assume_init();
        request.ifr_name[0] = b'l' as libc::c_char;
        request.ifr_name[1] = b'o' as libc::c_char;
        if libc::ioctl(socket.as_raw_fd(), libc::SIOCGIFFLAGS as _, &mut request) < 0 {
            return Err(io::Error::last_os_error());
        }
        let up = libc::IFF_UP as c_short;
        if request.ifr_ifru.ifru_flags & up != 0 {
            return Ok(());
        }
        request.ifr_ifru.ifru_flags |= up;
        libc::ioctl(socket.as_raw_fd(), libc::SIOCSIFFLAGS as _, &request)
    };
    if ended < 0 {
        return Err(io::Error::last_os_error());
    }
    std::thread::sleep(QUIET);
    Ok(())
}
