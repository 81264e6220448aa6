//! The C library's `syscall`, by which libbpf and aya call the kernel, with the time of `BPF_PROG_LOAD` taken.
//! The kernel's verifier and compiler are part of what loading a program costs, and neither loader reports
//! their time. The linker puts this in place of the C library's function (`--wrap`, see `build.rs`).

use hookbench_probes::attach::phases;
use libc::c_long;

/// From `enum bpf_cmd` in include/uapi/linux/bpf.h.
const BPF_PROG_LOAD: c_long = 5;

unsafe extern "C" {
    /// The C library's function.
    fn __real_syscall(
        number: c_long,
        a: c_long,
        b: c_long,
        c: c_long,
        d: c_long,
        e: c_long,
        f: c_long,
    ) -> c_long;
}

/// The function that callers of `syscall` reach.
///
/// # Safety
/// As the system call.
#[unsafe(no_mangle)]
unsafe extern "C" fn __wrap_syscall(
    number: c_long,
    a: c_long,
    b: c_long,
    c: c_long,
    d: c_long,
    e: c_long,
    f: c_long,
) -> c_long {
    // SAFETY: passes the caller's arguments on unchanged. If the caller gave fewer, the others are what the
    // registers hold, as they are in the C library's function.
    let call = || unsafe { __real_syscall(number, a, b, c, d, e, f) };
    if number == libc::SYS_bpf && a == BPF_PROG_LOAD { phases::verifying(call) } else { call() }
}
