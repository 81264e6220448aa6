//! The programs that ways execute: each makes one file, whose path is behind its code, and ends.

use crate::elf::{Class, Program};
use crate::sys;

std::arch::global_asm!(
    ".pushsection .rodata.hookbench_makes, \"a\"",
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
    options(att_syntax),
);

unsafe extern "C" {
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

/// As [`makes`], of a program that does nothing itself: the kernel runs `interpreter` in its place.
pub(super) fn interpreted(interpreter: &str, path: &str) -> Vec<u8> {
    let code = code(Class::Bits64, path);
    let base = 2 * crate::elf::BASE;
    Program { base, interpreter: Some(interpreter), ..Program::of(Class::Bits64, &code) }.bytes()
}
