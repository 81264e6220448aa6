//! A new user namespace for an ordinary user: the first step of most local attacks on the kernel.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::sync::atomic::Ordering;

use crate::scenario::{Call, Scenario, Way};
use crate::scene::{Scene, Shared};

mod clone3;
mod int80_unshare;
mod root_unshare;
mod unshare;

/// See the module.
pub(crate) static SCENARIO: Scenario = Scenario {
    ways: WAYS,
    textbook: &[Call::native("unshare", libc::SYS_unshare)],
    complete: &[
        Call::native("unshare", libc::SYS_unshare),
        Call::native("clone", libc::SYS_clone).with(0, libc::CLONE_NEWUSER as u32),
        Call::native("clone3", libc::SYS_clone3),
        Call::native("setns", libc::SYS_setns),
        Call::compat("unshare", 310),
        Call::compat("clone", 120).with(0, libc::CLONE_NEWUSER as u32),
        Call::compat("clone3", 435),
        Call::compat("setns", 346),
    ],
    spares_root: true,
    ..Scenario::named(
        "userns",
        "an ordinary user gets into a new user namespace",
        "a process of the way ran in another user namespace than it began in",
        has_effect,
    )
};

const WAYS: &[&Way] = &[&unshare::WAY, &clone3::WAY, &int80_unshare::WAY, &root_unshare::WAY];

/// Says from inside which namespace the caller runs in.
///
/// # Errors
/// When `/proc` cannot be read.
pub(crate) fn arrive(scene: &Scene) -> io::Result<()> {
    let inode = fs::metadata("/proc/self/ns/user")?.ino();
    scene.shared.values[0].store(inode, Ordering::SeqCst);
    Ok(())
}

/// Whether a process arrived in another namespace.
///
/// # Errors
/// When `/proc` cannot be read.
pub(crate) fn has_effect(_: &Scene, shared: &Shared) -> io::Result<bool> {
    let ours = fs::metadata("/proc/self/ns/user")?.ino();
    let theirs = shared.values[0].load(Ordering::SeqCst);
    Ok(theirs != 0 && theirs != ours)
}
