//! Another name for the same file.

use std::fs;
use std::io;

use super::{LIBRARY, map_code, open, run_after};
use crate::scenario::Way;
use crate::scene::Scene;
use crate::sys::path;

/// The link.
const LINK: &str = "libharmless.so";

pub(super) const WAY: Way = Way {
    // The library belongs to root; kernels may refuse others a link to it.
    as_root: true,
    ..Way::ordinary("hard-link", "root maps a hard link", |scene| {
        let link = scene.path(LINK);
        fs::hard_link(LIBRARY, &link)?;
        let link = path(&link)?;
        run_after(scene, || map_code(open(&link)?))
    })
};

/// Removes the link.
pub(super) fn remove(scene: &Scene) -> io::Result<()> {
    scene.remove(LINK)
}
