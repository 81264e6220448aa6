//! `mmap` of memory that may be written and executed from the beginning.

use super::memory::{BOTH, anonymous, fill, run};
use crate::scenario::Way;

pub(super) const WAY: Way =
    Way::ordinary("mmap-rwx", "mmap with PROT_WRITE and PROT_EXEC at once", |scene| {
        let page = scene.window(|| anonymous(BOTH))?;
        fill(page);
        run(scene, page);
        Ok(())
    });
