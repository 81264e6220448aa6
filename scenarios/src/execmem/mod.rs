//! Bytes that came as data run as code, as exploits and loaders of malware have them.

use std::io;
use std::sync::atomic::Ordering;

use crate::scenario::{Call, Scenario, Way};
use crate::scene::{Scene, Shared};

mod allowed_library;
mod allowed_program;
mod allowed_read_only;
mod allowed_unlink;
mod dev_zero;
mod exec_stack;
mod file;
mod file_reopened;
mod file_then_write;
mod file_twice;
mod file_write_later;
mod int80_mmap;
mod int80_mmap2;
mod int80_mprotect;
mod memfd_twice;
mod memory;
mod mmap_rwx;
mod mprotect;
mod mprotect_file;
mod mprotect_rwx;
mod mremap;
mod pkey_mprotect;
mod poke_text;
mod proc_mem;
mod read_implies_exec;
mod read_implies_exec_brk;
mod remap_file_pages;
mod shmat;
mod text;
mod userfaultfd;

/// See the module.
pub(crate) static SCENARIO: Scenario = Scenario {
    ways: WAYS,
    textbook: &[Call::native("mprotect", libc::SYS_mprotect)],
    complete: &[
        Call::native("mprotect", libc::SYS_mprotect),
        Call::native("pkey_mprotect", libc::SYS_pkey_mprotect),
        Call::native("mmap", libc::SYS_mmap),
        Call::native("mremap", libc::SYS_mremap),
        Call::native("remap_file_pages", libc::SYS_remap_file_pages),
        Call::native("shmat", libc::SYS_shmat),
        Call::native("personality", libc::SYS_personality),
        Call::native("ptrace", libc::SYS_ptrace),
        Call::compat("mprotect", 125),
        Call::compat("pkey_mprotect", 380),
        Call::compat("mmap", 90),
        Call::compat("mmap2", 192),
        Call::compat("mremap", 163),
        Call::compat("remap_file_pages", 257),
        Call::compat("ipc", 117),
        Call::compat("shmat", 397),
        Call::compat("personality", 136),
        Call::compat("ptrace", 26),
    ],
    images: &[("hello", allowed_program::hello)],
    set_up: text::write,
    ..Scenario::named(
        "execmem",
        "bytes that came as data run as code",
        "code that came as data returned 42",
        has_effect,
    )
};

const WAYS: &[&Way] = &[
    &mprotect::WAY,
    &mprotect_rwx::WAY,
    &mprotect_file::WAY,
    &pkey_mprotect::WAY,
    &mmap_rwx::WAY,
    &dev_zero::WAY,
    &file::WAY,
    &file_then_write::WAY,
    &file_twice::WAY,
    &file_reopened::WAY,
    &file_write_later::WAY,
    &memfd_twice::WAY,
    &shmat::WAY,
    &remap_file_pages::WAY,
    &mremap::WAY,
    &read_implies_exec::WAY,
    &read_implies_exec_brk::WAY,
    &exec_stack::WAY,
    &userfaultfd::WAY,
    &proc_mem::WAY,
    &poke_text::WAY,
    &int80_mprotect::WAY,
    &int80_mmap::WAY,
    &int80_mmap2::WAY,
    &allowed_read_only::WAY,
    &allowed_library::WAY,
    &allowed_program::WAY,
    &allowed_unlink::WAY,
];

/// What the code returns.
const ANSWER: u64 = 42;

fn has_effect(_: &Scene, shared: &Shared) -> io::Result<bool> {
    Ok(shared.values[0].load(Ordering::SeqCst) == ANSWER)
}

/// Whether an allowed neighbour left a sign that it was let through.
fn was_let_through(_: &Scene, shared: &Shared) -> io::Result<bool> {
    Ok(shared.values[0].load(Ordering::SeqCst) == text::ANSWER)
}
