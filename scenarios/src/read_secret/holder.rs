//! A process of the same user that has the secret rightly: it opened it before the policy was attached. It holds a
//! descriptor and the bytes, and sends the descriptor to everyone who connects to its socket.

use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixListener;
use std::sync::atomic::{AtomicI32, AtomicPtr, Ordering};

use super::{INHERITED, LENGTH, SECRET_C, open_path};
use crate::descriptor::send;
use crate::process::{Owner, spawn};
use crate::scene::Scene;
use crate::sys::{check, check_long};

/// The socket's name in the scene.
pub(super) const SOCKET: &str = "holder";

static PROCESS: AtomicI32 = AtomicI32::new(0);
static PAGE: AtomicPtr<u8> = AtomicPtr::new(std::ptr::null_mut());

/// Its process.
pub(super) fn process() -> libc::pid_t {
    PROCESS.load(Ordering::SeqCst)
}

/// Where the bytes are in its memory.
pub(super) fn address() -> usize {
    PAGE.load(Ordering::SeqCst) as usize
}

/// Starts it.
pub(super) fn start(scene: &Scene) -> io::Result<()> {
    // SAFETY: a new mapping at an address that the kernel chooses. The holder gets a copy at the same address.
    let page = unsafe {
        let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS;
        libc::mmap(std::ptr::null_mut(), LENGTH, libc::PROT_READ | libc::PROT_WRITE, flags, -1, 0)
    };
    if page == libc::MAP_FAILED {
        return Err(io::Error::last_os_error());
    }
    PAGE.store(page.cast(), Ordering::SeqCst);
    let path = scene.path(SOCKET);
    let process = spawn(
        Owner::User,
        || {
            let secret = open_path(SECRET_C)?;
            // SAFETY: the page has room, and the descriptors are ours.
            unsafe {
                check_long(libc::pread(secret, page, LENGTH, 0) as i64)?;
                check(libc::dup2(secret, INHERITED))?;
            }
            UnixListener::bind(path)
        },
        |listener| {
            // A receiver that was killed is no reason to end.
            for receiver in listener.incoming().flatten() {
                let _ = send(receiver.as_raw_fd(), INHERITED);
            }
        },
    )?;
    PROCESS.store(process, Ordering::SeqCst);
    Ok(())
}
