//! `userfaultfd` fills a page that is executable already: a page of a library's text that was never touched.

use std::ffi::c_int;
use std::io;

use super::memory::{CODE, PAGE, run};
use super::text;
use crate::scenario::Way;
use crate::scene::Scene;
use crate::sys::{check, check_long};

pub(super) const WAY: Way =
    Way::ordinary("userfaultfd", "UFFDIO_COPY into a page of a library's text", run_it);

/// Only faults of user mode, which an ordinary user may handle (since 5.11).
const USER_MODE_ONLY: c_int = 1;
/// The version of the interface (`linux/userfaultfd.h`).
const API: u64 = 0xaa;
const REGISTER_MISSING: u64 = 1;
const UFFDIO_API: u64 = 0xc018_aa3f;
const UFFDIO_REGISTER: u64 = 0xc020_aa00;
const UFFDIO_COPY: u64 = 0xc028_aa03;

fn run_it(scene: &Scene) -> io::Result<()> {
    let page = text::mapped(scene, text::HOLE)?;
    let handler = open()?;
    ask(handler, UFFDIO_API, &mut [API, 0, 0])?;
    ask(handler, UFFDIO_REGISTER, &mut [page as u64, PAGE as u64, REGISTER_MISSING, 0])?;
    let mut source = vec![0_u8; PAGE];
    source[..CODE.len()].copy_from_slice(&CODE);
    scene.window(|| {
        ask(handler, UFFDIO_COPY, &mut [page as u64, source.as_ptr() as u64, PAGE as u64, 0, 0])
    })?;
    run(scene, page);
    Ok(())
}

fn open() -> io::Result<c_int> {
    let open = |flags: c_int| {
        // SAFETY: makes a descriptor.
        check_long(unsafe { libc::syscall(libc::SYS_userfaultfd, flags) }).map(|handler| handler as c_int)
    };
    match open(USER_MODE_ONLY) {
        Err(error) if error.raw_os_error() == Some(libc::EINVAL) => open(0),
        result => result,
    }
}

/// Makes a request, whose structure is all 64-bit numbers.
fn ask(handler: c_int, request: u64, words: &mut [u64]) -> io::Result<()> {
    // SAFETY: `words` are as long as the request says, and what they point to is mapped here.
    check(unsafe { libc::ioctl(handler, request, words.as_mut_ptr()) }).map(drop)
}
