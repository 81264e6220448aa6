//! A new user namespace for an ordinary user: the first step of most local attacks on the kernel.

use std::ffi::c_long;
use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::sync::atomic::Ordering;

use crate::child;
use crate::scenario::{About, Call, Replaced, Scenario, Way};
use crate::scene::{Scene, Shared};
use crate::sys::check_long;

mod clone;
mod clone3;
mod clone_vm;
mod existing;
mod fork;
mod int80_clone;
mod int80_clone3;
mod int80_fadvise;
mod int80_unshare;
mod program32;
mod root_unshare;
mod setns;
mod setns_pidfd;
mod thread_clone;
mod thread_unshare;
mod unshare;
mod unshare_files;
mod unshare_namespaces;
mod x32_unshare;

/// See the module.
pub(crate) static SCENARIO: Scenario = Scenario {
    ways: WAYS,
    textbook: &[Call::native("unshare", libc::SYS_unshare)],
    // setns makes no namespace: it joins one.
    complete: &[
        Call::native("unshare", libc::SYS_unshare),
        Call::native("clone", libc::SYS_clone).with(0, libc::CLONE_NEWUSER as u32),
        Call::native("clone3", libc::SYS_clone3),
        Call::compat("unshare", 310),
        Call::compat("clone", 120).with(0, libc::CLONE_NEWUSER as u32),
        Call::compat("clone3", 435),
    ],
    spares_root: true,
    // The first is Debian's. The second holds for root too.
    settings: &[("kernel.unprivileged_userns_clone", "0"), ("user.max_user_namespaces", "0")],
    replaced: Some(Replaced { function: "create_user_ns", about: About::User }),
    images: &[("arrive", arrive_as_image)],
    set_up: existing::make,
    ..Scenario::named(
        "userns",
        "an ordinary user gets into a new user namespace",
        "a process of the way ran in another user namespace than it began in",
        has_effect,
    )
};

const WAYS: &[&Way] = &[
    &unshare::WAY,
    &unshare_namespaces::WAY,
    &thread_unshare::WAY,
    &clone::WAY,
    &clone_vm::WAY,
    &thread_clone::WAY,
    &clone3::WAY,
    &int80_unshare::WAY,
    &int80_clone::WAY,
    &int80_clone3::WAY,
    &program32::WAY,
    &x32_unshare::WAY,
    &root_unshare::WAY,
    &setns::WAY,
    &setns_pidfd::WAY,
    &fork::WAY,
    &unshare_files::WAY,
    &int80_fadvise::WAY,
];

/// Says from inside which namespace the caller runs in.
///
/// # Errors
/// When `/proc` cannot be read.
pub(crate) fn arrive(scene: &Scene) -> io::Result<()> {
    arrive_in(scene.shared)
}

fn arrive_in(shared: &Shared) -> io::Result<()> {
    let inode = fs::metadata("/proc/self/ns/user")?.ino();
    shared.values[0].store(inode, Ordering::SeqCst);
    Ok(())
}

/// As [`arrive`], in a program that a way executed.
fn arrive_as_image(_: &[String]) -> i32 {
    let result = crate::shared().and_then(arrive_in);
    i32::from(result.is_err())
}

/// What follows a call that returns twice, as fork does: the child says where it runs and ends, the parent waits for
/// it and closes the window.
///
/// # Errors
/// When the call failed.
fn after_clone(scene: &Scene, returned: c_long) -> io::Result<()> {
    if returned == 0 {
        let _ = arrive(scene);
        // SAFETY: leaves without running what the parent has to run.
        unsafe { libc::_exit(0) };
    }
    let child = check_long(returned);
    if let Ok(child) = child {
        child::wait(child as libc::pid_t)?;
    }
    scene.end();
    child.map(drop)
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

/// Whether an allowed neighbour left a sign that it was let through.
fn was_let_through(_: &Scene, shared: &Shared) -> io::Result<bool> {
    Ok(shared.values[0].load(Ordering::SeqCst) == LET_THROUGH)
}

/// The sign of an allowed neighbour.
const LET_THROUGH: u64 = 1;

/// Leaves the sign of an allowed neighbour.
fn let_through(scene: &Scene) {
    scene.shared.values[0].store(LET_THROUGH, Ordering::SeqCst);
}
