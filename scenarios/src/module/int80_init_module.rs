//! `init_module` by the 32-bit entry of the kernel, under another number.

use std::fs;

use super::{FORBIDDEN, INIT_MODULE_32, by_root};
use crate::modules;
use crate::scenario::Way;
use crate::sys::{int80, low_copy};

pub(super) const WAY: Way =
    by_root("int80-init-module", "init_module through int 0x80, as number 128", |scene| {
        let bytes = fs::read(modules::file(FORBIDDEN))?;
        let (module, options) = (low_copy(&bytes)?, low_copy(&[0])?);
        // SAFETY: both copies stay until the process ends.
        scene.window(|| unsafe { int80(INIT_MODULE_32, [module, bytes.len() as u32, options, 0, 0, 0]) })?;
        Ok(())
    });
