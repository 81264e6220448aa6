//! The programs that ways execute: each makes one file, whose path is behind its code, and ends. One says first when it
//! begins.

use crate::elf::{Class, Program};
use crate::scene::{SHARED_FD, STOPPED};
use crate::sys;

std::arch::global_asm!(
    ".pushsection .rodata.hookbench_makes, \"a\"",
    ".globl hookbench_begins64, hookbench_begins64_end",
    "hookbench_begins64:",
    // The end of a timed section, as the stopwatch of workloads reads the clock: fence, clock, fence with the mark.
    "lfence",
    "rdtsc",
    ".byte 0x0f, 0xae, 0xea",
    "shlq $32, %rdx",
    "orq %rdx, %rax",
    "pushq %rax",
    // pwrite64(SHARED_FD, clock, 8, STOPPED)
    "movl $18, %eax",
    "movl ${descriptor}, %edi",
    "movq %rsp, %rsi",
    "movl $8, %edx",
    "movl ${place}, %r10d",
    "syscall",
    "hookbench_begins64_end:",
    ".globl hookbench_makes64, hookbench_makes64_end, hookbench_makes32, hookbench_makes32_end",
    "hookbench_makes64:",
    // open(path, O_CREAT | O_WRONLY, 0644)
    "movl $2, %eax",
    "leaq 3f(%rip), %rdi",
    "movl $0x41, %esi",
    "movl $0644, %edx",
    "syscall",
    // exit(0)
    "movl $60, %eax",
    "xorl %edi, %edi",
    "syscall",
    "3:",
    "hookbench_makes64_end:",
    ".code32",
    "hookbench_makes32:",
    "call 2f",
    "2: popl %ebx",
    "addl $(3f-2b), %ebx",
    "movl $5, %eax",
    "movl $0x41, %ecx",
    "movl $0644, %edx",
    "int $0x80",
    "movl $1, %eax",
    "xorl %ebx, %ebx",
    "int $0x80",
    "3:",
    "hookbench_makes32_end:",
    ".code64",
    ".popsection",
    descriptor = const SHARED_FD,
    place = const STOPPED,
    options(att_syntax),
);

unsafe extern "C" {
    static hookbench_begins64: u8;
    static hookbench_begins64_end: u8;
    static hookbench_makes64: u8;
    static hookbench_makes64_end: u8;
    static hookbench_makes32: u8;
    static hookbench_makes32_end: u8;
}

/// The code that makes the file `path`.
fn code(class: Class, path: &str) -> Vec<u8> {
    // SAFETY: the symbols of each pair are in one section, the second behind the first.
    let code = unsafe {
        match class {
            Class::Bits64 => sys::between(&raw const hookbench_makes64, &raw const hookbench_makes64_end),
            Class::Bits32 => sys::between(&raw const hookbench_makes32, &raw const hookbench_makes32_end),
        }
    };
    [code, path.as_bytes(), b"\0"].concat()
}

/// The file of a program that makes the file `path`.
pub(super) fn makes(class: Class, path: &str) -> Vec<u8> {
    Program::of(class, &code(class, path)).bytes()
}

/// As [`makes`], of a 64-bit program that says first when it begins, so that its execution can be timed.
pub(super) fn begins_and_makes(path: &str) -> Vec<u8> {
    // SAFETY: the symbols are in one section, the second behind the first.
    let begins = unsafe { sys::between(&raw const hookbench_begins64, &raw const hookbench_begins64_end) };
    Program::of(Class::Bits64, &[begins, &code(Class::Bits64, path)].concat()).bytes()
}

/// As [`makes`], of a program that does nothing itself: the kernel runs `interpreter` in its place.
pub(super) fn interpreted(interpreter: &str, path: &str) -> Vec<u8> {
    let code = code(Class::Bits64, path);
    let base = 2 * crate::elf::BASE;
    Program { base, interpreter: Some(interpreter), ..Program::of(Class::Bits64, &code) }.bytes()
}
