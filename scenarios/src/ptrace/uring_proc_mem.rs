//! The same file, opened and written by io_uring.

use super::{WORD, address, victim};
use crate::scenario::Way;
use crate::sys::path;
use crate::uring::{OPENAT, Poller, Request, Ring, WRITE};

pub(super) const WAY: Way =
    Way::ordinary("uring-proc-mem", "io_uring: OPENAT and WRITE of /proc/PID/mem", |scene| {
        let ring = Ring::new(Poller::Caller)?;
        let path = path(&format!("/proc/{}/mem", victim()))?;
        let word = WORD.to_ne_bytes();
        let open = Request {
            opcode: OPENAT,
            fd: libc::AT_FDCWD,
            address: path.as_ptr() as u64,
            flags: libc::O_WRONLY as u32,
            ..Request::default()
        };
        let write = Request {
            opcode: WRITE,
            address: word.as_ptr() as u64,
            length: word.len() as u32,
            offset: address() as u64,
            ..Request::default()
        };
        // SAFETY: the path and the word outlive the requests.
        scene.window(|| unsafe {
            let fd = ring.run(open)?;
            ring.run(Request { fd, ..write })
        })?;
        Ok(())
    });
