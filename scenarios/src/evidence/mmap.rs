//! Writing to memory, which is the file.

use super::{INHERITED, overwrite_mapping};
use crate::scenario::Way;

pub(super) const WAY: Way =
    Way::ordinary("mmap", "mmap(MAP_SHARED, PROT_WRITE) of an inherited descriptor", |scene| {
        scene.window(|| overwrite_mapping(INHERITED))
    });
