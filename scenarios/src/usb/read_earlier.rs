//! An allowed neighbour: a file of the drive that has been mounted since start-up is read.

use std::fs;

use super::{EARLIER, with_drive};
use crate::mount::{is_left, leave};
use crate::scenario::{Kind, Way};

pub(super) const WAY: Way = Way {
    kind: Kind::Allowed,
    has_effect: Some(is_left),
    ..with_drive("read-earlier", "a file of a drive that has been mounted since start-up is read", |scene| {
        let file = scene.path(&format!("{EARLIER}/marker"));
        scene.window(|| fs::read(&file))?;
        leave(scene, true);
        Ok(())
    })
};
