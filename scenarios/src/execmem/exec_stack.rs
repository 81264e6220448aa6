//! A program that asks for an executable stack in its headers, and runs code from there.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::sync::atomic::Ordering;

use crate::child;
use crate::elf::{Class, Program};
use crate::scenario::Way;
use crate::scene::Scene;
use crate::sys;

pub(super) const WAY: Way =
    Way::ordinary("exec-stack", "execve of a program that asks for an executable stack", run);

std::arch::global_asm!(
    ".pushsection .rodata.hookbench_stack, \"a\"",
    ".globl hookbench_stack, hookbench_stack_end",
    "hookbench_stack:",
    // Writes `mov $42, %eax; ret` to the stack and calls it.
    "subq $64, %rsp",
    "movl $0x00002ab8, (%rsp)",
    "movw $0xc300, 4(%rsp)",
    "movq %rsp, %rax",
    "call *%rax",
    // exit(what it returned)
    "movl %eax, %edi",
    "movl $60, %eax",
    "syscall",
    "hookbench_stack_end:",
    ".popsection",
    options(att_syntax),
);

unsafe extern "C" {
    static hookbench_stack: u8;
    static hookbench_stack_end: u8;
}

fn run(scene: &Scene) -> io::Result<()> {
    // SAFETY: both symbols are in one section, the second behind the first.
    let code = unsafe { sys::between(&raw const hookbench_stack, &raw const hookbench_stack_end) };
    let path = scene.path("stack");
    fs::write(&path, Program { runs_its_stack: true, ..Program::of(Class::Bits64, code) }.bytes())?;
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755))?;
    let path = sys::path(&path)?;
    let status = scene.window(|| {
        child::run(|| {
            let arguments = [path.as_ptr(), std::ptr::null()];
            // SAFETY: the path ends in NUL, the list of arguments in a null pointer.
            sys::check(unsafe { libc::execv(path.as_ptr(), arguments.as_ptr()) }).map(drop)
        })
    })?;
    if libc::WIFEXITED(status) {
        scene.shared.values[0].store(libc::WEXITSTATUS(status) as u64, Ordering::SeqCst);
    }
    Ok(())
}
