//! An allowed neighbour: the drive that has been mounted since start-up appears at a second place, as in containers.
//! Nothing becomes reachable that was not.

use super::{EARLIER, MOUNTED, with_drive};
use crate::scenario::{Kind, Way};
use crate::sys::mount;

pub(super) const WAY: Way = Way {
    kind: Kind::Allowed,
    ..with_drive(
        "bind-earlier",
        "mount(2) with MS_BIND of a drive that has been mounted since start-up",
        |scene| {
            let (from, to) = (scene.path(EARLIER), scene.path(MOUNTED));
            scene.window(|| mount(&from, &to, None, libc::MS_BIND, ""))
        },
    )
};
