//! An allowed neighbour: root replaces the file of a running program, as an upgrade of its package does.

use std::io;
use std::sync::atomic::Ordering;

use super::image::execute;
use super::{FILE, OTHER_FILE};
use crate::scenario::{Kind, Way};
use crate::scene::Scene;
use crate::sys::{check, path};

/// The shared value in which the program says that it runs.
const RUNS: usize = 1;

pub(super) const WAY: Way = Way {
    kind: Kind::Allowed,
    as_root: true,
    ..Way::ordinary("upgrade", "root renames a new file over that of a running program", run)
};

fn run(scene: &Scene) -> io::Result<()> {
    let file = scene.path(FILE);
    // SAFETY: this process has one thread, so the child may do anything.
    let child = check(unsafe { libc::fork() })?;
    if child == 0 {
        // SAFETY: the program must not stay when a policy kills its parent.
        unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL) };
        let _ = execute(&file, "wait", &file);
        // SAFETY: leaves without running what the parent has to run.
        unsafe { libc::_exit(1) };
    }
    let runs = &scene.shared.values[RUNS];
    while runs.load(Ordering::SeqCst) == 0 && is_alive(child) {
        std::thread::yield_now();
    }
    let (old, new) = (path(&file)?, path(&scene.path(OTHER_FILE))?);
    // SAFETY: both paths outlive the call.
    let renamed = scene.window(|| check(unsafe { libc::rename(new.as_ptr(), old.as_ptr()) }));
    // SAFETY: the child is ours, and has not been waited for if it runs.
    unsafe {
        libc::kill(child, libc::SIGKILL);
        libc::waitpid(child, std::ptr::null_mut(), 0);
    }
    renamed.map(drop)
}

/// Whether a child has not ended yet.
fn is_alive(child: libc::pid_t) -> bool {
    // SAFETY: no status is asked for.
    unsafe { libc::waitpid(child, std::ptr::null_mut(), libc::WNOHANG) == 0 }
}

/// The program says that it runs, and waits until it is killed.
pub(super) fn wait_for_ever(scene: &Scene, _: &str) -> io::Result<()> {
    scene.shared.values[RUNS].store(1, Ordering::SeqCst);
    loop {
        // SAFETY: no memory is involved.
        unsafe { libc::pause() };
    }
}
