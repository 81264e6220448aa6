//! `finit_module` of a compressed module, which the kernel itself unpacks. Since 7.x the kernel reads it for another
//! purpose than an uncompressed one, `READING_MODULE_COMPRESSED`.

use std::fs::File;

use super::{FORBIDDEN, by_root, finit_file};
use crate::modules;
use crate::scenario::{Need, Way};

/// `MODULE_INIT_COMPRESSED_FILE` of the kernel's `module.h`.
const COMPRESSED_FILE: u32 = 4;

pub(super) const WAY: Way = Way {
    needs: &[Need::CompressedModuleFile(FORBIDDEN)],
    ..by_root("finit-compressed", "finit_module with the module in a compressed file", |scene| {
        let file = File::open(modules::compressed_file(FORBIDDEN))?;
        scene.window(|| finit_file(&file, COMPRESSED_FILE))
    })
};
