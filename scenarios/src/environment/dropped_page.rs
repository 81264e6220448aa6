//! The variable is in a page that was read, and then dropped: it comes back from its file.

use super::block::Block;
use super::fresh_page::{PAGE, map};
use super::{execute, ld_preload};
use crate::scenario::Way;
use crate::sys::check;

pub(super) const WAY: Way =
    Way::ordinary("dropped-page", "execve with LD_PRELOAD in a page after madvise(MADV_DONTNEED)", |scene| {
        let place = map()?;
        // SAFETY: the page is mapped, and nothing else is in it.
        unsafe {
            place.read_volatile();
            check(libc::madvise(place.cast(), PAGE, libc::MADV_DONTNEED))?;
        }
        execute(scene, ld_preload::NAME, &Block::of([place.cast_const()]))
    });
