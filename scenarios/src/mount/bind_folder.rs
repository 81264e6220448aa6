//! An allowed neighbour: root shows a folder of the same file system at a second place, as containers do. `mount(2)`
//! tells LSM hooks the folder as text alone, so they cannot know which file system it is on.

use super::MOUNTED;
use crate::scenario::{Kind, Way};
use crate::sys::mount;

pub(super) const WAY: Way = Way {
    kind: Kind::Allowed,
    as_root: true,
    ..Way::ordinary("bind-folder", "root binds a folder that is on no medium", |scene| {
        let (from, to) = (scene.path("folder"), scene.path(MOUNTED));
        scene.window(|| mount(&from, &to, None, libc::MS_BIND, ""))
    })
};
