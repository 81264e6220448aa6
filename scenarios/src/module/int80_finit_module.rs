//! `finit_module` by the 32-bit entry of the kernel, under another number.

use std::fs::File;
use std::os::fd::AsRawFd;

use super::{FINIT_MODULE_32, FORBIDDEN, by_root};
use crate::modules;
use crate::scenario::Way;
use crate::sys::{int80, low_copy};

pub(super) const WAY: Way =
    by_root("int80-finit-module", "finit_module through int 0x80, as number 350", |scene| {
        let file = File::open(modules::file(FORBIDDEN))?;
        let options = low_copy(&[0])?;
        // SAFETY: the copy stays until the process ends.
        scene.window(|| unsafe { int80(FINIT_MODULE_32, [file.as_raw_fd() as u32, options, 0, 0, 0, 0]) })?;
        Ok(())
    });
