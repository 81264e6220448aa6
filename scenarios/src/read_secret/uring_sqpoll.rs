//! `openat` as a request that a thread of the kernel takes from the queue: no system call at all.

use super::uring_openat;
use crate::scenario::Way;
use crate::uring::Poller;

pub(super) const WAY: Way =
    Way::ordinary("uring-sqpoll", "io_uring with a polling thread: OPENAT, then READ", |scene| {
        uring_openat::run(scene, Poller::Thread)
    });
