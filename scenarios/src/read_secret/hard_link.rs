//! Another name for the same file.

use std::fs;

use super::{SECRET, open_path, read_after};
use crate::scenario::Way;
use crate::sys::path;

/// The other name.
pub(super) const NAME: &str = "hard-link";

pub(super) const WAY: Way = Way::ordinary("hard-link", "openat of a hard link", |scene| {
    let link = scene.path(NAME);
    fs::hard_link(SECRET, &link)?;
    let link = path(&link)?;
    read_after(scene, || open_path(&link))
});
