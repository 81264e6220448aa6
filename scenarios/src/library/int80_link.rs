//! A 32-bit call that maps nothing, under the number of the 64-bit `mmap`.

use std::fs;
use std::io;
use std::os::unix::fs::chown;
use std::sync::atomic::{AtomicU32, Ordering};

use super::worked;
use crate::scenario::{Kind, Way};
use crate::scene::{Scene, USER};
use crate::sys::{int80, low_copy, path};

/// `link` in the kernel's `syscall_32.tbl`, `mmap` in `syscall_64.tbl`.
const LINK: u32 = 9;

/// The link.
const NEW: &str = "link";

/// The paths of a file and of a link to it, in memory that was mapped before the policy was attached.
static PATHS: [AtomicU32; 2] = [AtomicU32::new(0), AtomicU32::new(0)];

pub(super) const WAY: Way = Way {
    kind: Kind::Allowed,
    has_effect: Some(worked),
    ..Way::ordinary("int80-link", "link through int 0x80, as number 9", |scene| {
        let [from, to] = [&PATHS[0], &PATHS[1]].map(|path| path.load(Ordering::SeqCst));
        // SAFETY: the paths stay.
        scene.window(|| unsafe { int80(LINK, [from, to, 0, 0, 0, 0]) })?;
        scene.shared.values[0].store(1, Ordering::SeqCst);
        Ok(())
    })
};

/// Removes the link.
pub(super) fn remove(scene: &Scene) -> io::Result<()> {
    scene.remove(NEW)
}

/// Makes a file of the user, and room for its paths.
pub(super) fn set_up(scene: &Scene) -> io::Result<()> {
    let file = scene.path("linked");
    fs::write(&file, b"a file of the caller's")?;
    chown(&file, Some(USER), Some(USER))?;
    for (place, name) in PATHS.iter().zip([file, scene.path(NEW)]) {
        place.store(low_copy(path(&name)?.as_bytes_with_nul())?, Ordering::SeqCst);
    }
    Ok(())
}
