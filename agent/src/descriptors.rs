//! Gives a worker a descriptor table that is the same under every monitor. A table never shrinks, and it remembers
//! which of its closed descriptors an execve would have closed. Attaching a monitor opens many. A worker that copied
//! the agent's table would therefore pay for them in each fork and execve of an operation.

use std::ffi::c_uint;
use std::io;

/// How many descriptors a table of the least size has: the bits of a word of the kernel.
const LEAST: i32 = 64;

/// The first descriptor after the standard streams.
const FIRST: c_uint = 3;

/// Forks this process. The child shares the descriptor table until it calls [`leave`]. Returns 0 in the child.
///
/// # Safety
/// Like fork, in a process with one thread. The child must not use glibc's threads: glibc does not know of this fork.
///
/// # Errors
/// When the kernel refuses.
pub(crate) unsafe fn fork_sharing() -> io::Result<libc::pid_t> {
    let flags = libc::CLONE_FILES | libc::SIGCHLD;
    // SAFETY: without a stack and CLONE_VM, this forks; the rest is the caller's.
    let pid = unsafe { libc::syscall(libc::SYS_clone, flags, 0, 0, 0, 0) };
    if pid < 0 { Err(io::Error::last_os_error()) } else { Ok(pid as libc::pid_t) }
}

/// Leaves the shared descriptor table for one of the least size with the standard streams alone.
///
/// # Errors
/// When the kernel refuses.
pub(crate) fn leave() -> io::Result<()> {
    // As all descriptors from the first on are left out, the copy of the table has the least size.
    close_from_first(libc::CLOSE_RANGE_UNSHARE)?;
    for descriptor in FIRST as i32..LEAST {
        // The copy remembers which descriptors an execve closes, although they are closed already. To open them
        // without that flag makes it forget.
        // SAFETY: nothing in this process uses these descriptors.
        if unsafe { libc::dup2(0, descriptor) } < 0 {
            return Err(io::Error::last_os_error());
        }
    }
    close_from_first(0)
}

fn close_from_first(flags: c_uint) -> io::Result<()> {
    // SAFETY: closes descriptors of this process, which uses none of them.
    match unsafe { libc::close_range(FIRST, c_uint::MAX, flags as i32) } {
        0 => Ok(()),
        _ => Err(io::Error::last_os_error()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::{self, File};

    /// How large the descriptor table of a process is, as the kernel shows it.
    fn size(pid: u32) -> i32 {
        let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("FDSize:")).unwrap();
        line.trim().parse().unwrap()
    }

    #[test]
    fn a_worker_has_a_table_of_the_least_size_and_the_agent_keeps_its_descriptors() {
        let files: Vec<File> = (0..200).map(|_| File::open("/dev/null").unwrap()).collect();
        assert!(size(std::process::id()) > LEAST);
        // SAFETY: the child makes system calls only.
        let pid = unsafe { fork_sharing() }.unwrap();
        if pid == 0 {
            let left = leave();
            // SAFETY: stops or ends this process only.
            unsafe {
                if left.is_ok() {
                    libc::raise(libc::SIGSTOP);
                }
                libc::_exit(1);
            }
        }
        let mut status = 0;
        // SAFETY: `status` is ours to write.
        assert_eq!(unsafe { libc::waitpid(pid, &mut status, libc::WUNTRACED) }, pid);
        assert!(libc::WIFSTOPPED(status), "{status:#x}");
        let open = fs::read_dir(format!("/proc/{pid}/fd")).unwrap().count();
        let found = (size(pid as u32), open);
        crate::process::end(pid).unwrap();
        assert_eq!(found, (LEAST, 3));
        assert!(files.iter().all(|file| file.metadata().is_ok()));
    }
}
