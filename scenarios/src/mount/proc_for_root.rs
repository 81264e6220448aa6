//! An allowed neighbour: root mounts `proc`, as for each container.

use std::path::Path;

use super::MOUNTED;
use crate::scenario::{Kind, Way};
use crate::sys::mount;

pub(super) const WAY: Way = Way {
    kind: Kind::Allowed,
    as_root: true,
    has_effect: Some(|scene, _| Ok(Path::new(&scene.path(MOUNTED)).join("self").exists())),
    ..Way::ordinary("root-proc", "root mounts proc", |scene| {
        let place = scene.path(MOUNTED);
        scene.window(|| mount("proc", &place, Some("proc"), 0, ""))
    })
};
