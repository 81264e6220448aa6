//! System calls that change nothing: to see whether something watches or refuses them.

use std::ffi::c_long;
use std::io;

use crate::arch::child_that_exits;

/// Makes the system call `number` with arguments that the kernel refuses, or that change nothing, and
/// returns its error; `None` if the kernel let it pass.
///
/// Every system call in the table of behaviours must bear it: all arguments are −1, which is no valid
/// address, descriptor, process, signal or set of flags. A call without arguments that makes a process has
/// it exit at once.
pub(super) fn call_in_vain(number: u32) -> Option<io::Error> {
    const NO: c_long = -1;
    let number = c_long::from(number);
    if number == libc::SYS_fork || number == libc::SYS_vfork {
        let pid = child_that_exits(number);
        if pid < 0 {
            return Some(io::Error::from_raw_os_error(-pid as i32));
        }
        // SAFETY: waits for the child, and wants to know nothing about its end.
        unsafe { libc::waitpid(pid as libc::pid_t, std::ptr::null_mut(), 0) };
        return None;
    }
    // SAFETY: as above, the kernel does nothing with these arguments.
    let result = unsafe { libc::syscall(number, NO, NO, NO, NO, NO, NO) };
    (result < 0).then(io::Error::last_os_error)
}

#[cfg(test)]
mod tests {
    use super::*;
    use hookbench_model::BEHAVIOURS;

    #[test]
    fn each_call_of_the_table_is_refused_or_harmless() {
        for syscall in BEHAVIOURS.iter().flat_map(|row| row.syscalls) {
            let error = call_in_vain(syscall.number);
            let succeeds = ["fork", "vfork", "getppid"].contains(&syscall.name);
            assert_eq!(error.is_none(), succeeds, "{}: {error:?}", syscall.name);
        }
    }
}
