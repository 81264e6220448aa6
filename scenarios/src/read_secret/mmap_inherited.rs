//! An inherited descriptor, mapped.

use super::{INHERITED, keep, mmap};
use crate::scenario::Way;

pub(super) const WAY: Way = Way::ordinary("mmap-inherited", "mmap of an inherited descriptor", |scene| {
    let bytes = scene.window(|| mmap::map(INHERITED))?;
    keep(scene, &bytes);
    Ok(())
});
