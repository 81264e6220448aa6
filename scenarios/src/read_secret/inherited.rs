//! A descriptor that the process was born with.

use super::{INHERITED, keep, read};
use crate::scenario::Way;

pub(super) const WAY: Way = Way::ordinary("inherited", "read from an inherited descriptor", |scene| {
    let bytes = scene.window(|| read(INHERITED))?;
    keep(scene, &bytes);
    Ok(())
});
