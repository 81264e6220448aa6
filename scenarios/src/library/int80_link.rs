//! A 32-bit call that maps nothing, under the number of the 64-bit `mmap`.

use std::fs;
use std::sync::atomic::Ordering;

use super::worked;
use crate::scenario::{Kind, Way};
use crate::sys::{int80, low_copy, path};

/// `link` in the kernel's `syscall_32.tbl`, `mmap` in `syscall_64.tbl`.
const LINK: u32 = 9;

pub(super) const WAY: Way = Way {
    kind: Kind::Allowed,
    has_effect: Some(worked),
    ..Way::ordinary("int80-link", "link through int 0x80, as number 9", |scene| {
        let file = scene.path("linked");
        fs::write(&file, b"a file of the caller's")?;
        let from = low_copy(path(&file)?.as_bytes_with_nul())?;
        let to = low_copy(path(&scene.path("link"))?.as_bytes_with_nul())?;
        // SAFETY: the paths stay.
        scene.window(|| unsafe { int80(LINK, [from, to, 0, 0, 0, 0]) })?;
        scene.shared.values[0].store(1, Ordering::SeqCst);
        Ok(())
    })
};
