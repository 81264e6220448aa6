//! A hole by a descriptor for appending.

use std::os::fd::AsRawFd;

use super::{open_to_append, punch};
use crate::scenario::Way;

pub(super) const WAY: Way = Way::ordinary(
    "append-punch-hole",
    "fallocate(FALLOC_FL_PUNCH_HOLE) of a descriptor with O_APPEND",
    |scene| scene.window(|| punch(open_to_append()?.as_raw_fd())),
);
