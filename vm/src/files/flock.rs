//! Locks on open files and folders (`flock`). The kernel releases them however a
//! process ends. (Those of the standard library need Rust 1.89.)

use std::fs::File;
use std::io;

use rustix::fs::FlockOperation;
use rustix::io::Errno;

/// Takes the exclusive lock of `file`, and waits for it.
///
/// # Errors
/// When the file system has no locks, as some network file systems.
pub fn lock(file: &File) -> io::Result<()> {
    flock(file, FlockOperation::LockExclusive).map(|_| ())
}

/// Takes a shared lock of `file`, and waits for it.
///
/// # Errors
/// As [`lock`].
pub fn lock_shared(file: &File) -> io::Result<()> {
    flock(file, FlockOperation::LockShared).map(|_| ())
}

/// Takes the exclusive lock of `file` if it is free. Returns whether it was.
///
/// # Errors
/// As [`lock`].
pub fn try_lock(file: &File) -> io::Result<bool> {
    flock(file, FlockOperation::NonBlockingLockExclusive)
}

fn flock(file: &File, operation: FlockOperation) -> io::Result<bool> {
    loop {
        match rustix::fs::flock(file, operation) {
            Ok(()) => return Ok(true),
            Err(Errno::WOULDBLOCK) => return Ok(false),
            Err(Errno::INTR) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_exclusive_lock_excludes_and_shared_locks_do_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("lock");
        let first = File::create(&path).unwrap();
        let second = File::open(&path).unwrap();
        lock_shared(&first).unwrap();
        lock_shared(&second).unwrap();
        assert!(!try_lock(&first).unwrap());
        drop(second);
        assert!(try_lock(&first).unwrap());
        assert!(!try_lock(&File::open(&path).unwrap()).unwrap());
    }
}
