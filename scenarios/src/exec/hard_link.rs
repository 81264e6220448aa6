//! Another name of the same file.

use std::fs;

use super::scene_files::VULNERABLE;
use crate::scenario::Way;

pub(super) const WAY: Way = Way {
    // Debian's kernels let others link none but their own files.
    as_root: true,
    ..Way::ordinary("hard-link", "execve of a hard link to it", |scene| {
        let path = scene.path("hard-link");
        fs::hard_link(VULNERABLE, &path)?;
        super::execute(scene, &path)
    })
};
