//! A running program's own file is deleted, so that nobody can look at it later: the program is this crate's own, copied
//! to the scene. A program that never had a name, or lost it before it ran, is as good.

use std::fs::{self, File};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::{MetadataExt, PermissionsExt, chown};
use std::path::Path;
use std::sync::{Mutex, PoisonError};

use crate::exchange::PROGRAM;
use crate::scenario::{Call, Scenario, Way};
use crate::scene::{Scene, Shared, USER};

mod child;
mod delete_first;
mod exchange;
mod image;
mod int80_timer_delete;
mod int80_unlink;
mod int80_unlinkat;
mod memfd;
mod other_file;
mod other_program;
mod overlay;
mod rename_away;
mod rename_over;
mod root_memfd;
mod tmpfile;
mod two_names;
mod unlink;
mod unlinkat;
mod upgrade;
mod uring_rename;
mod uring_unlink;

/// See the module.
pub(crate) static SCENARIO: Scenario = Scenario {
    ways: WAYS,
    textbook: &[Call::native("unlink", libc::SYS_unlink), Call::native("unlinkat", libc::SYS_unlinkat)],
    complete: &[
        Call::native("unlink", libc::SYS_unlink),
        Call::native("unlinkat", libc::SYS_unlinkat),
        Call::native("rename", libc::SYS_rename),
        Call::native("renameat", libc::SYS_renameat),
        Call::native("renameat2", libc::SYS_renameat2),
        Call::compat("unlink", int80_unlink::UNLINK),
        Call::compat("unlinkat", int80_unlinkat::UNLINKAT),
        Call::compat("rename", 38),
        Call::compat("renameat", 302),
        Call::compat("renameat2", 353),
        Call::uring("RENAMEAT", 35),
        Call::uring("UNLINKAT", 36),
    ],
    images: &[("program", image::program)],
    set_up,
    reset,
    ..Scenario::named(
        "self-delete",
        "the file of a running program is deleted",
        "the file that the program runs from has no name left, by its link count",
        |_, _| has_no_link(),
    )
};

const WAYS: &[&Way] = &[
    &unlink::WAY,
    &unlinkat::WAY,
    &rename_over::WAY,
    &exchange::WAY,
    &two_names::WAY,
    &int80_unlink::WAY,
    &int80_unlinkat::WAY,
    &uring_unlink::WAY,
    &uring_rename::WAY,
    &child::WAY,
    &other_program::WAY,
    &overlay::WAY,
    &delete_first::WAY,
    &memfd::WAY,
    &tmpfile::WAY,
    &rename_away::WAY,
    &other_file::WAY,
    &upgrade::WAY,
    &root_memfd::WAY,
    &int80_timer_delete::WAY,
];

/// The file that is deleted while it runs.
const FILE: &str = "program";
/// Another file of the scene, which nobody executes.
const OTHER_FILE: &str = "other";

/// The second name of the file that is deleted.
const SECOND: &str = "second";

/// The files that ways delete, held open by the runner: they stay when they have no name left.
static KEPT: Mutex<Vec<File>> = Mutex::new(Vec::new());

fn set_up(scene: &Scene) -> io::Result<()> {
    overlay::set_up(scene)
}

fn reset(scene: &Scene) -> io::Result<()> {
    let mut kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    kept.clear();
    scene.remove(SECOND)?;
    let file = scene.path(FILE);
    copy_program(&file)?;
    fs::write(scene.path(OTHER_FILE), "")?;
    chown(scene.path(OTHER_FILE), Some(USER), Some(USER))?;
    kept.push(File::open(file)?);
    kept.extend(overlay::reset(scene)?);
    Ok(())
}

/// Makes a new file at `path`, with this crate's program, for the ordinary user.
fn copy_program(path: &str) -> io::Result<()> {
    if Path::new(path).exists() {
        fs::remove_file(path)?;
    }
    fs::copy(PROGRAM, path)?;
    fs::set_permissions(path, fs::Permissions::from_mode(0o755))?;
    chown(path, Some(USER), Some(USER))
}

/// Whether the file that the runner holds has no name left.
fn has_no_link() -> io::Result<bool> {
    let kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    let file = kept.first().ok_or_else(|| io::Error::other("the program's file is not held open"))?;
    Ok(file.metadata()?.nlink() == 0)
}

/// Whether the kernel calls the file in the overlay deleted: its link count says nothing there.
fn is_called_deleted() -> io::Result<bool> {
    let kept = KEPT.lock().unwrap_or_else(PoisonError::into_inner);
    let file = kept.get(1).ok_or_else(|| io::Error::other("the overlay's file is not held open"))?;
    let path = fs::read_link(format!("/proc/self/fd/{}", file.as_raw_fd()))?;
    Ok(path.to_string_lossy().ends_with(" (deleted)"))
}

/// Whether the program said that it runs from a file without a name.
fn has_arrived(_: &Scene, shared: &Shared) -> io::Result<bool> {
    Ok(shared.values[0].load(std::sync::atomic::Ordering::SeqCst) == image::NO_NAME)
}
