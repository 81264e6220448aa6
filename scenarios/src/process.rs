//! Processes that a scenario starts beside its ways: one that holds a secret, one that is a victim, one that serves.
//! They live until the runner ends.

use std::fs::File;
use std::io::{self, PipeReader, PipeWriter, Read, Write};
use std::os::fd::AsRawFd;

use crate::sys::{become_user, check, errno_of};

/// Whose process it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Owner {
    /// Root.
    Root,
    /// The ordinary user that ways run as.
    User,
}

/// Starts a process that calls `prepare` and then `serve`, and waits for the end of `prepare`. Afterwards the process
/// sleeps.
///
/// # Errors
/// When it cannot be started, or `prepare` fails.
pub(crate) fn spawn<T>(
    owner: Owner,
    prepare: impl FnOnce() -> io::Result<T>,
    serve: impl FnOnce(T),
) -> io::Result<libc::pid_t> {
    let (reader, writer) = io::pipe()?;
    // SAFETY: the runner has one thread, so the child may do anything.
    let child = check(unsafe { libc::fork() })?;
    if child == 0 {
        drop(reader);
        live(owner, writer, prepare, serve);
        loop {
            // SAFETY: waits for a signal.
            unsafe { libc::pause() };
        }
    }
    drop(writer);
    wait_until_ready(reader)?;
    Ok(child)
}

fn wait_until_ready(mut reader: PipeReader) -> io::Result<()> {
    let mut errno = [0; 4];
    reader.read_exact(&mut errno)?;
    match i32::from_ne_bytes(errno) {
        0 => Ok(()),
        errno => Err(io::Error::from_raw_os_error(errno)),
    }
}

fn live<T>(
    owner: Owner,
    mut writer: PipeWriter,
    prepare: impl FnOnce() -> io::Result<T>,
    serve: impl FnOnce(T),
) {
    let prepared = settle(owner).and_then(|()| prepare());
    let errno = prepared.as_ref().err().map_or(0, errno_of);
    // Without a reader there is nobody to tell.
    let _ = writer.write_all(&errno.to_ne_bytes());
    drop(writer);
    if let Ok(prepared) = prepared {
        serve(prepared);
    }
}

/// Makes the process one of `owner` that everyone of the same user may trace, and that does not hold what the runner
/// writes to.
fn settle(owner: Owner) -> io::Result<()> {
    let nothing = File::options().read(true).write(true).open("/dev/null")?;
    // SAFETY: changes this process alone.
    unsafe {
        check(libc::setsid())?;
        for fd in 0..3 {
            check(libc::dup2(nothing.as_raw_fd(), fd))?;
        }
        if owner == Owner::User {
            become_user()?;
        }
        check(libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL))?;
        // Only kernels with Yama know it.
        libc::prctl(libc::PR_SET_PTRACER, libc::PR_SET_PTRACER_ANY);
    }
    Ok(())
}
