//! A medium that has been mounted since start-up appears at a second place.

use super::{EARLIER, MOUNTED, with_medium};
use crate::scenario::Way;
use crate::sys::mount;

pub(super) const WAY: Way =
    with_medium("bind", "mount(2) with MS_BIND of a medium that is mounted", |scene| {
        let (from, to) = (scene.path(EARLIER), scene.path(MOUNTED));
        scene.window(|| mount(&from, &to, None, libc::MS_BIND, ""))
    });
