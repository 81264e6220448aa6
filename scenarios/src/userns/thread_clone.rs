//! `clone` by a thread. A process with several threads may not unshare, but it may clone.

use crate::scenario::Way;

pub(super) const WAY: Way =
    Way::ordinary("thread-clone", "clone(CLONE_NEWUSER) by a second thread", |scene| {
        super::thread_unshare::in_thread(|| super::clone::run(scene))
    });
