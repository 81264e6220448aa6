//! `finit_module`, which modprobe uses.

use std::fs::File;

use super::{FORBIDDEN, by_root, finit_file};
use crate::modules;
use crate::scenario::Way;

pub(super) const WAY: Way = by_root("finit-module", "finit_module with the module in a file", |scene| {
    let file = File::open(modules::file(FORBIDDEN))?;
    scene.window(|| finit_file(&file, 0))
});
