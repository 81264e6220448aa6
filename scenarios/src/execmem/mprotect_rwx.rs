//! `mprotect` of a page that stays writable.

use super::memory::{BOTH, DATA, anonymous, fill, protect, run};
use crate::scenario::Way;

pub(super) const WAY: Way =
    Way::ordinary("mprotect-rwx", "mprotect to PROT_WRITE and PROT_EXEC at once", |scene| {
        let page = anonymous(DATA)?;
        scene.window(|| protect(page, BOTH))?;
        fill(page);
        run(scene, page);
        Ok(())
    });
