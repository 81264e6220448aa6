//! `unshare` by a thread. The kernel refuses a new user namespace to one thread of several.

use std::io;
use std::thread;

use crate::scenario::Way;

pub(super) const WAY: Way =
    Way::ordinary("thread-unshare", "unshare(CLONE_NEWUSER) by a second thread", |scene| {
        in_thread(|| (super::unshare::WAY.run)(scene))
    });

/// Has a second thread do it, and waits for it.
///
/// # Errors
/// Those of `work`.
pub(super) fn in_thread(work: impl FnOnce() -> io::Result<()> + Send) -> io::Result<()> {
    thread::scope(|scope| scope.spawn(work).join())
        .unwrap_or_else(|_| Err(io::Error::from_raw_os_error(libc::ECHILD)))
}
