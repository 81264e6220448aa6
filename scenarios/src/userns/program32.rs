//! A 32-bit program that calls `unshare`.

use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;

use crate::elf::{Class, Program};
use crate::exchange::PROGRAM;
use crate::scenario::Way;
use crate::scene::Scene;
use crate::sys;

pub(super) const WAY: Way = Way::ordinary("program32", "a 32-bit program calls unshare", run);

std::arch::global_asm!(
    ".pushsection .rodata.hookbench_unshare32, \"a\"",
    ".globl hookbench_unshare32, hookbench_unshare32_end",
    ".code32",
    "hookbench_unshare32:",
    // unshare(CLONE_NEWUSER)
    "movl $310, %eax",
    "movl $0x10000000, %ebx",
    "int $0x80",
    "testl %eax, %eax",
    "jnz 4f",
    // Executes the path that follows the code, with the argument that follows the path, to say where it is.
    "call 2f",
    "2: popl %ebx",
    "addl $(3f-2b), %ebx",
    "leal {path}(%ebx), %esi",
    "xorl %edx, %edx",
    "pushl %edx",
    "pushl %esi",
    "pushl %ebx",
    "movl %esp, %ecx",
    "movl $11, %eax",
    "int $0x80",
    // exit(errno)
    "4: movl %eax, %ebx",
    "negl %ebx",
    "movl $1, %eax",
    "int $0x80",
    "3:",
    "hookbench_unshare32_end:",
    ".code64",
    ".popsection",
    path = const PROGRAM.len() + 1,
    options(att_syntax),
);

unsafe extern "C" {
    static hookbench_unshare32: u8;
    static hookbench_unshare32_end: u8;
}

fn run(scene: &Scene) -> io::Result<()> {
    // SAFETY: both symbols are in one section, the second behind the first.
    let code = unsafe { sys::between(&raw const hookbench_unshare32, &raw const hookbench_unshare32_end) };
    let code = [code, PROGRAM.as_bytes(), b"\0userns/arrive\0"].concat();
    let path = scene.path("unshare32");
    fs::write(&path, Program::of(Class::Bits32, &code).bytes())?;
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755))?;
    let path = sys::path(&path)?;
    let arguments = [path.as_ptr(), std::ptr::null()];
    scene.window(|| {
        // SAFETY: the path ends in NUL, the list of arguments in a null pointer.
        sys::check(unsafe { libc::execv(path.as_ptr(), arguments.as_ptr()) })
    })?;
    Ok(())
}
