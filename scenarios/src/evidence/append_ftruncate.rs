//! A descriptor for appending can be truncated all the same.

use super::open_to_append;
use crate::scenario::Way;

pub(super) const WAY: Way =
    Way::ordinary("append-ftruncate", "ftruncate of a descriptor with O_APPEND", |scene| {
        scene.window(|| open_to_append()?.set_len(0))
    });
