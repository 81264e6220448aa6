//! A relative path.

use super::{open_path, read_after};
use crate::scenario::Way;

pub(super) const WAY: Way = Way::ordinary("chdir", "openat of a relative path", |scene| {
    std::env::set_current_dir(&scene.folder)?;
    read_after(scene, || open_path(c"secret"))
});
