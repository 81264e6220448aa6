//! `unshare(CLONE_NEWUSER)`.

use crate::scenario::Way;
use crate::sys::check;

pub(super) const WAY: Way = Way::ordinary("unshare", "unshare(CLONE_NEWUSER)", |scene| {
    // SAFETY: changes nothing but this process's credentials.
    scene.window(|| check(unsafe { libc::unshare(libc::CLONE_NEWUSER) }))?;
    super::arrive(scene)
});
