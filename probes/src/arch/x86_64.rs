//! x86-64.

/// `AUDIT_ARCH_X86_64` of linux/audit.h: how audit rules and seccomp filters name the
/// architecture of a system call.
pub(crate) const AUDIT_ARCH: u32 = 0xc000_003e;

/// System call numbers from here on belong to x32 (`__X32_SYSCALL_BIT`). They are the same
/// system calls again, which a filter of numbers would let pass.
pub(crate) const FOREIGN_SYSCALLS: u32 = 0x4000_0000;

/// What the kernel puts before the name of a system call to name its function.
pub(crate) const SYSCALL_FUNCTION_PREFIX: &str = "__x64_sys_";

/// The `trace_clock` that stamps events with the counter which user space reads.
pub(crate) const TRACE_CLOCK: &str = "x86-tsc";

/// Makes fork or vfork, whose number it gets, and has the child exit at once, before it runs any code of
/// Rust. Returns the child's process ID or, negative, the error number.
pub(crate) fn child_that_exits(number: std::ffi::c_long) -> std::ffi::c_long {
    let result;
    // SAFETY: the child, which returns with 0, leaves within the block. It may share the memory of this
    // process, and writes none.
    unsafe {
        std::arch::asm!(
            "syscall",
            "test rax, rax",
            "jnz 2f",
            "mov eax, {exit}",
            "xor edi, edi",
            "syscall",
            "2:",
            exit = const libc::SYS_exit,
            inout("rax") number => result,
            out("rcx") _,
            out("r11") _,
            out("rdi") _,
        );
    }
    result
}
