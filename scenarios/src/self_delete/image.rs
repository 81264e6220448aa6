//! The program that runs while its file is deleted, and how ways start it.

use std::ffi::CString;
use std::fs::{self, File};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::sync::atomic::Ordering;

use super::{
    child, exchange, int80_unlink, int80_unlinkat, other_file, other_program, rename_away, rename_over,
};
use super::{two_names, unlink, unlinkat, upgrade, uring_rename, uring_unlink};
use crate::exchange::PROGRAM;
use crate::scene::{Scene, shared};
use crate::sys::{errno_of, path};

/// What the program leaves in the first shared value when it runs from a file without a name.
pub(super) const NO_NAME: u64 = 1;

/// What the program does with the path of its file.
type Deed = fn(&Scene, &str) -> io::Result<()>;

/// What the program can do, by its first argument.
const DEEDS: &[(&str, Deed)] = &[
    ("arrive", arrive),
    ("child", child::deed),
    ("exchange", exchange::deed),
    ("int80-unlink", int80_unlink::deed),
    ("int80-unlinkat", int80_unlinkat::deed),
    ("other-file", other_file::deed),
    ("other-program", other_program::deed),
    ("remove", |_, file| fs::remove_file(file)),
    ("rename-away", rename_away::deed),
    ("rename-over", rename_over::deed),
    ("two-names", two_names::deed),
    ("unlink", unlink::deed),
    ("unlinkat", unlinkat::deed),
    ("uring-rename", uring_rename::deed),
    ("uring-unlink", uring_unlink::deed),
    ("wait", upgrade::wait_for_ever),
];

/// The program: `DEED FILE`.
pub(super) fn program(arguments: &[String]) -> i32 {
    match perform(arguments) {
        Ok(()) => 0,
        Err(error) => {
            if let Ok(shared) = shared() {
                shared.errno.store(errno_of(&error), Ordering::SeqCst);
            }
            1
        }
    }
}

fn perform(arguments: &[String]) -> io::Result<()> {
    let [deed, file] = arguments else { return Err(io::Error::other("the program has two arguments")) };
    let (_, deed) = DEEDS
        .iter()
        .find(|(name, _)| name == deed)
        .ok_or_else(|| io::Error::other("the program does no such thing"))?;
    let folder = Path::new(file).parent().map(Path::to_owned).unwrap_or_default();
    deed(&Scene { folder, shared: shared()?, confine: None }, file)
}

/// The program runs: it closes the window and says whether its file has a name.
fn arrive(scene: &Scene, _: &str) -> io::Result<()> {
    scene.end();
    if fs::metadata("/proc/self/exe")?.nlink() == 0 {
        scene.shared.values[0].store(NO_NAME, Ordering::SeqCst);
    }
    Ok(())
}

/// Becomes the program in `file`, which does `deed`. The window is open from here on; the program opens it once more
/// just before its decisive call.
///
/// # Errors
/// When the kernel refuses; else it does not return.
pub(super) fn become_program(scene: &Scene, file: &str, deed: &str) -> io::Result<()> {
    scene.window(|| execute(file, deed, file))
}

/// Becomes the program in the file behind a descriptor, which says that it has arrived and closes the window.
///
/// # Errors
/// When the kernel refuses; else it does not return.
pub(super) fn become_file(file: &File) -> io::Result<()> {
    let path = format!("/proc/self/fd/{}", file.as_raw_fd());
    execute(&path, "arrive", &path)
}

/// Executes `program`, which does `deed` with `file`. Returns when the kernel refuses.
pub(super) fn execute(program: &str, deed: &str, file: &str) -> io::Result<()> {
    let words: Vec<CString> =
        [program, "self-delete/program", deed, file].into_iter().map(path).collect::<io::Result<_>>()?;
    let mut pointers: Vec<*const libc::c_char> = words.iter().map(|word| word.as_ptr()).collect();
    pointers.push(std::ptr::null());
    let environment = [std::ptr::null()];
    // SAFETY: both lists end with null, and the strings outlive the call.
    unsafe { libc::execve(words[0].as_ptr(), pointers.as_ptr(), environment.as_ptr()) };
    Err(io::Error::last_os_error())
}

/// Copies this crate's program into `file`. Returns another descriptor of it, which is only for reading: the kernel
/// does not execute what somebody can write.
pub(super) fn fill(mut file: File) -> io::Result<File> {
    io::copy(&mut File::open(PROGRAM)?, &mut file)?;
    let again = File::open(format!("/proc/self/fd/{}", file.as_raw_fd()))?;
    // SAFETY: the program inherits the descriptor, by which its file is found.
    crate::sys::check(unsafe { libc::fcntl(again.as_raw_fd(), libc::F_SETFD, 0) })?;
    Ok(again)
}
