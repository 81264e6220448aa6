//! Memory with a descriptor, mapped twice: once to be written and once to be executed.

use super::memory::{DATA, PAGE, TEXT, fill, map, run};
use crate::scenario::Way;
use crate::sys::check;

pub(super) const WAY: Way =
    Way::ordinary("memfd-twice", "maps a memfd twice, to write and to execute", |scene| {
        // SAFETY: the name ends in NUL.
        let memory = check(unsafe { libc::memfd_create(c"code".as_ptr(), 0) })?;
        // SAFETY: sizes the memory of this process alone.
        check(unsafe { libc::ftruncate(memory, PAGE as i64) })?;
        fill(map(DATA, libc::MAP_SHARED, memory, 0)?);
        let page = scene.window(|| map(TEXT, libc::MAP_SHARED, memory, 0))?;
        run(scene, page);
        Ok(())
    });
