//! A debugger's write, which the kernel makes in memory that may not be written.

use std::ffi::{c_long, c_void};
use std::io;
use std::ptr;

use super::memory::{CODE, run};
use super::text;
use crate::child;
use crate::scenario::Way;
use crate::scene::Scene;
use crate::sys::{check, check_long};

pub(super) const WAY: Way =
    Way::ordinary("poke-text", "PTRACE_POKETEXT to a library's text in a child", run_it);

fn run_it(scene: &Scene) -> io::Result<()> {
    let page = text::mapped(scene, 0)?;
    let child = child::begin(|| {
        // SAFETY: stops this process until its parent continues it.
        unsafe {
            check_long(libc::ptrace(libc::PTRACE_TRACEME))?;
            check(libc::raise(libc::SIGSTOP))?;
        }
        run(scene, page);
        Ok(())
    })?;
    child::wait(child)?;
    let mut word = [0; 8];
    word[..CODE.len()].copy_from_slice(&CODE);
    let word = c_long::from_le_bytes(word);
    let none = ptr::null_mut::<c_void>();
    // SAFETY: the child is stopped, and has the page where this process has it.
    let poked =
        scene.window(|| check_long(unsafe { libc::ptrace(libc::PTRACE_POKETEXT, child, page, word) }));
    // SAFETY: lets the child go on.
    check_long(unsafe { libc::ptrace(libc::PTRACE_CONT, child, none, none) })?;
    child::wait(child)?;
    poked.map(drop)
}
