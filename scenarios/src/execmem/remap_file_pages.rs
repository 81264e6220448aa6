//! `remap_file_pages`: a page that is executable already shows another page of its file, which was written meanwhile.

use std::fs::File;
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::FileExt;

use super::memory::{CODE, PAGE, TEXT, map, run};
use super::text::new_file;
use crate::scenario::Way;
use crate::scene::Scene;
use crate::sys::check_long;

pub(super) const WAY: Way =
    Way::ordinary("remap-file-pages", "remap_file_pages of executable memory to written data", run_it);

fn run_it(scene: &Scene) -> io::Result<()> {
    drop(new_file(scene, "written")?);
    // Nobody has the file open for writing yet, so it is mapped as a library is mapped.
    let page = map(TEXT, libc::MAP_SHARED, File::open(scene.path("written"))?.as_raw_fd(), 0)?;
    let file = File::options().write(true).open(scene.path("written"))?;
    file.write_all_at(&CODE, PAGE as u64)?;
    scene.window(|| {
        // SAFETY: the page was mapped here.
        check_long(unsafe { libc::syscall(libc::SYS_remap_file_pages, page, PAGE, 0, 1, 0) })
    })?;
    run(scene, page);
    Ok(())
}
