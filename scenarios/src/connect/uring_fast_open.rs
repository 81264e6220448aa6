//! TCP fast open as a request to io_uring.

use super::{KEEPS_A_COOKIE, fast_open, tcp};
use crate::scenario::Way;
use crate::sys::errno_of;
use crate::uring::{Poller, Request, Ring, SENDMSG};

pub(super) const WAY: Way = Way {
    unrehearsed: KEEPS_A_COOKIE,
    ..Way::ordinary("uring-fast-open", "io_uring: SENDMSG with MSG_FASTOPEN", |scene| {
        let ring = Ring::new(Poller::Caller)?;
        let fd = tcp()?;
        fast_open(scene, |message| {
            let request = Request {
                opcode: SENDMSG,
                fd,
                address: std::ptr::from_ref(message) as u64,
                length: 1,
                flags: libc::MSG_FASTOPEN as u32,
                ..Request::default()
            };
            // SAFETY: the message outlives the request.
            match unsafe { ring.run(request) } {
                Ok(length) => length.into(),
                Err(error) => fail(&error),
            }
        })
    })
};

/// Fails as a system call does.
fn fail(error: &std::io::Error) -> i64 {
    // SAFETY: errno is this thread's.
    unsafe { *libc::__errno_location() = errno_of(error) };
    -1
}
