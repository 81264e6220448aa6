//! An ordinary user mounts an empty file system by the newer calls.

use super::user_tmpfs::in_new_namespace;
use super::{api, is_left};
use crate::scenario::Way;

pub(super) const WAY: Way = Way {
    has_effect: Some(is_left),
    ..Way::ordinary("user-fsopen", "an ordinary user mounts a tmpfs by fsopen and move_mount", |scene| {
        in_new_namespace(scene, |place| api::attach(&api::new_mount("tmpfs", None)?, place))
    })
};
