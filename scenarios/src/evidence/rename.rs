//! Another file takes its name.

use std::fs;

use super::LOG;
use crate::scenario::Way;

/// The other file.
pub(super) const NAME: &str = "successor";

pub(super) const WAY: Way = Way::ordinary("rename", "rename of another file over the log", |scene| {
    let other = scene.path(NAME);
    scene.window(|| fs::rename(&other, LOG))
});
