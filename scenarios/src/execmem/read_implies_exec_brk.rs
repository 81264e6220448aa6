//! As `read_implies_exec.rs`, with memory from `brk`, which no mapping is made for.

use std::io;

use super::memory::{PAGE, fill, run};
use super::read_implies_exec::READ_IMPLIES_EXEC;
use crate::scenario::Way;
use crate::scene::Scene;
use crate::sys::{check, check_long};

pub(super) const WAY: Way =
    Way::ordinary("read-implies-exec-brk", "personality(READ_IMPLIES_EXEC), then brk", run_it);

fn run_it(scene: &Scene) -> io::Result<()> {
    let page = scene.window(|| {
        // SAFETY: changes this process alone.
        check(unsafe { libc::personality(READ_IMPLIES_EXEC) })?;
        let page = (brk(0)? as usize).next_multiple_of(PAGE);
        let end = page + PAGE;
        // The kernel refuses by leaving the end where it is.
        if brk(end)? as usize == end { Ok(page) } else { Err(io::Error::from_raw_os_error(libc::ENOMEM)) }
    })?;
    let page = page as *mut u8;
    fill(page);
    run(scene, page);
    Ok(())
}

fn brk(end: usize) -> io::Result<i64> {
    // SAFETY: the allocator copes with a heap that somebody else has made longer, and nothing makes it shorter.
    check_long(unsafe { libc::syscall(libc::SYS_brk, end) })
}
