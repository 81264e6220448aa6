//! Another file takes its name.

use std::fs;

use super::LOG;
use crate::scenario::Way;

pub(super) const WAY: Way = Way::ordinary("rename", "rename of an empty file over the log", |scene| {
    let empty = scene.path("empty");
    fs::write(&empty, b"")?;
    scene.window(|| fs::rename(&empty, LOG))
});
