//! A user namespace that exists before the policy does: a process of the ordinary user keeps it.

use std::fs::{self, File};
use std::io::{self, Read, Write};

use crate::child;
use crate::scene::Scene;
use crate::sys::{become_user, check};

/// The file with the number of the process.
const KEEPER: &str = "keeper";

/// Starts the process.
///
/// # Errors
/// When it cannot make the namespace.
pub(super) fn make(scene: &Scene) -> io::Result<()> {
    let (mut reader, mut writer) = io::pipe()?;
    let keeper = child::begin(|| {
        become_user()?;
        // SAFETY: changes this process alone.
        unsafe {
            check(libc::unshare(libc::CLONE_NEWUSER))?;
            // A change of credentials forgets the signal, so it comes after that.
            check(libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL, 0, 0, 0))?;
            // Its files in /proc are those of the user.
            check(libc::prctl(libc::PR_SET_DUMPABLE, 1, 0, 0, 0))?;
        }
        writer.write_all(b"!")?;
        loop {
            // SAFETY: waits for a signal.
            unsafe { libc::pause() };
        }
    })?;
    drop(writer);
    reader.read_exact(&mut [0])?;
    fs::write(scene.path(KEEPER), keeper.to_string())
}

/// The number of the process.
///
/// # Errors
/// When it was not started.
pub(super) fn keeper(scene: &Scene) -> io::Result<libc::pid_t> {
    fs::read_to_string(scene.path(KEEPER))?.parse().map_err(io::Error::other)
}

/// Its namespace.
///
/// # Errors
/// When the kernel refuses.
pub(super) fn open(scene: &Scene) -> io::Result<File> {
    File::open(format!("/proc/{}/ns/user", keeper(scene)?))
}
