//! A symbolic link to the file.

use std::os::unix::fs::symlink;

use super::{SECRET, open_path, read_after};
use crate::scenario::Way;
use crate::sys::path;

/// The link.
pub(super) const NAME: &str = "symlink";

pub(super) const WAY: Way = Way::ordinary("symlink", "openat of a symbolic link", |scene| {
    let link = scene.path(NAME);
    symlink(SECRET, &link)?;
    let link = path(&link)?;
    read_after(scene, || open_path(&link))
});
