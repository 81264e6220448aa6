//! `remap_file_pages`: a page that is executable already shows another page of its file. The kernel does that with files
//! alone that are open for writing too.

use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::FileExt;

use super::memory::{CODE, PAGE, TEXT, map, run};
use super::text::new_file;
use crate::scenario::Way;
use crate::scene::Scene;
use crate::sys::check_long;

pub(super) const WAY: Way = Way::ordinary(
    "remap-file-pages",
    "maps a file's empty page, then remap_file_pages to a written one",
    run_it,
);

fn run_it(scene: &Scene) -> io::Result<()> {
    let file = new_file(scene, "written")?;
    file.write_all_at(&CODE, PAGE as u64)?;
    let page = scene.window(|| {
        let page = map(TEXT, libc::MAP_SHARED, file.as_raw_fd(), 0)?;
        // SAFETY: the page was mapped here.
        check_long(unsafe { libc::syscall(libc::SYS_remap_file_pages, page, PAGE, 0, 1, 0) })?;
        Ok(page)
    })?;
    run(scene, page);
    Ok(())
}
