//! The same request, which a thread of the kernel takes from the queue.

use super::uring_connect;
use crate::scenario::Way;
use crate::uring::Poller;

pub(super) const WAY: Way =
    Way::ordinary("uring-sqpoll", "io_uring with a polling thread: CONNECT, then SEND", |scene| {
        uring_connect::run(scene, Poller::Thread)
    });
