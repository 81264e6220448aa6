//! An allowed neighbour: a 32-bit call whose number is that of `mount` for 64-bit callers.

use std::io;

use super::{is_left, leave};
use crate::scenario::{Kind, Way};
use crate::scene::{Scene, USER};
use crate::sys::{int80, low_copy};

/// `getresuid` in the kernel's `syscall_32.tbl`, with 16-bit numbers.
const GETRESUID: u32 = 165;

pub(super) const WAY: Way = Way {
    kind: Kind::Allowed,
    has_effect: Some(is_left),
    ..Way::ordinary("int80-getresuid", "getresuid through int 0x80, whose number 165 is that of mount", run)
};

fn run(scene: &Scene) -> io::Result<()> {
    let users = low_copy(&[0; 6])?;
    // SAFETY: the kernel writes three 16-bit numbers, for which there is room.
    scene.window(|| unsafe { int80(GETRESUID, [users, users + 2, users + 4, 0, 0, 0]) })?;
    // SAFETY: the copy stays until the process ends, and a page is aligned.
    let user = unsafe { (users as usize as *const u16).read_volatile() };
    leave(scene, u32::from(user) == USER);
    Ok(())
}
