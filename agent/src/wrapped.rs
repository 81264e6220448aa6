//! The C library's `syscall`, by which libbpf and aya call the kernel, with a look
//! at `BPF_PROG_LOAD`: how long the kernel verifies and compiles is part of what it
//! costs to load a program, and neither loader tells. The linker puts this in its
//! place (`--wrap`, see `build.rs`).

use hookbench_probes::attach::phases;
use libc::c_long;

/// Of `enum bpf_cmd` in include/uapi/linux/bpf.h.
const BPF_PROG_LOAD: c_long = 5;

unsafe extern "C" {
    /// The C library's own.
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

/// What callers of `syscall` call.
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
    // SAFETY: the caller's arguments are handed on as they are. Where it gave fewer,
    // the others are what the registers hold, as they are for the C library's own.
    let call = || unsafe { __real_syscall(number, a, b, c, d, e, f) };
    if number == libc::SYS_bpf && a == BPF_PROG_LOAD { phases::verifying(call) } else { call() }
}
