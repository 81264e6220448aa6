//! A mapping of a descriptor for appending is writable everywhere.

use std::os::fd::AsRawFd;

use super::{open_to_append, overwrite_mapping};
use crate::scenario::Way;

pub(super) const WAY: Way =
    Way::ordinary("append-mmap", "mmap(MAP_SHARED, PROT_WRITE) of a descriptor with O_APPEND", |scene| {
        scene.window(|| overwrite_mapping(open_to_append()?.as_raw_fd()))
    });
