//! A process for which all memory that may be read may be executed, as for old programs.

use super::memory::{DATA, anonymous, fill, run};
use crate::scenario::Way;
use crate::sys::check;

/// The bit of the personality (`linux/personality.h`).
pub(super) const READ_IMPLIES_EXEC: u64 = 0x040_0000;

pub(super) const WAY: Way =
    Way::ordinary("read-implies-exec", "personality(READ_IMPLIES_EXEC), then an ordinary mmap", |scene| {
        let page = scene.window(|| {
            // SAFETY: changes this process alone.
            check(unsafe { libc::personality(READ_IMPLIES_EXEC) })?;
            anonymous(DATA)
        })?;
        fill(page);
        run(scene, page);
        Ok(())
    });
