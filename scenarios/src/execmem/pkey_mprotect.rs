//! `pkey_mprotect` without a key, which does what `mprotect` does, under another number.

use super::memory::{PAGE, TEXT, filled, run};
use crate::scenario::Way;
use crate::sys::check_long;

pub(super) const WAY: Way =
    Way::ordinary("pkey-mprotect", "pkey_mprotect of written memory to PROT_EXEC", |scene| {
        let page = filled()?;
        scene.window(|| {
            // SAFETY: the page was mapped here and holds nothing but the code.
            check_long(unsafe { libc::syscall(libc::SYS_pkey_mprotect, page, PAGE, TEXT, -1) })
        })?;
        run(scene, page);
        Ok(())
    });
