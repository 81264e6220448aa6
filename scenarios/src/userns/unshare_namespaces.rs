//! `unshare` of several namespaces in one call. The others belong to the new user namespace.

use crate::scenario::Way;
use crate::sys::check;

pub(super) const WAY: Way =
    Way::ordinary("unshare-namespaces", "unshare(CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWNET)", |scene| {
        let namespaces = libc::CLONE_NEWUSER | libc::CLONE_NEWNS | libc::CLONE_NEWNET;
        // SAFETY: changes nothing but this process's namespaces.
        scene.window(|| check(unsafe { libc::unshare(namespaces) }))?;
        super::arrive(scene)
    });
