//! `RWF_NOAPPEND`, which 6.9 and newer have: the descriptor says append, the call says where.

use std::os::fd::AsRawFd;

use super::{LENGTH, open_to_append};
use crate::scenario::Way;
use crate::sys::check_long;

/// In the kernel's `fs.h`.
const RWF_NOAPPEND: i32 = 0x20;

pub(super) const WAY: Way =
    Way::ordinary("append-pwritev2", "pwritev2(RWF_NOAPPEND) to a descriptor with O_APPEND", |scene| {
        let mut zeros = [0u8; LENGTH];
        let part = libc::iovec { iov_base: zeros.as_mut_ptr().cast(), iov_len: LENGTH };
        scene.window(|| {
            let log = open_to_append()?;
            // SAFETY: the bytes outlive the call.
            check_long(unsafe { libc::pwritev2(log.as_raw_fd(), &part, 1, 0, RWF_NOAPPEND) } as i64)
        })?;
        Ok(())
    });
