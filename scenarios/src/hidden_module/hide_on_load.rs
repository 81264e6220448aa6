//! The module hides while it is loaded.

use std::fs::File;

use super::{FILE, NAME, NEEDS, load};
use crate::modules;
use crate::scenario::Way;

pub(super) const WAY: Way = Way {
    as_root: true,
    needs: NEEDS,
    ..Way::ordinary("hide-on-load", "finit_module of a module that hides while it is loaded", |scene| {
        modules::unload(NAME)?;
        let file = File::open(modules::file(FILE))?;
        scene.window(|| load(&file, "at_once=1"))
    })
};
