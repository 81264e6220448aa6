//! A program that is known to be vulnerable is executed.

use std::ffi::CString;
use std::fs;
use std::io;
use std::os::fd::RawFd;
use std::ptr;
use std::time::Duration;

use crate::scenario::{About, Call, Measured, Replaced, Scenario, Way};
use crate::scene::{Scene, Shared};
use crate::sys::{self, check, check_long};

mod allowed_elsewhere;
mod allowed_oldolduname;
mod allowed_read;
mod allowed_same_path;
mod bind_mount;
mod binfmt_misc;
mod copy;
mod core_pattern;
mod elf_interpreter;
mod execve;
mod execveat;
mod execveat_empty;
mod hard_link;
mod int80_execve;
mod int80_execveat;
mod int80_uselib;
mod loader;
mod loader_mprotect;
mod memfd;
mod modprobe_path;
mod nameless;
mod overlay;
mod proc_fd;
mod program32;
mod programs;
mod release_agent;
mod request_key;
mod scene_files;
mod script;
mod symlink;
mod thread;
mod userland;
mod vfork;

/// See the module.
pub(crate) static SCENARIO: Scenario = Scenario {
    ways: WAYS,
    textbook: &[Call::native("execve", libc::SYS_execve)],
    complete: &[
        Call::native("execve", libc::SYS_execve),
        Call::native("execveat", libc::SYS_execveat),
        Call::compat("execve", 11),
        Call::compat("execveat", 358),
        Call::compat("uselib", 86),
    ],
    target: scene_files::target,
    files: &[(scene_files::VULNERABLE, "x")],
    replaced: Some(Replaced { function: "security_bprm_check", about: About::Program }),
    measured: Some(Measured {
        rules: &["measure func=BPRM_CHECK mask=MAY_EXEC"],
        more: &["measure func=MMAP_CHECK mask=MAY_EXEC"],
        files: &[scene_files::VULNERABLE],
    }),
    images: &[("loader", loader::load)],
    set_up: scene_files::set_up,
    reset: scene_files::reset,
    ..Scenario::named(
        "exec",
        "a program that is known to be vulnerable is executed",
        "the file exists that only the code of the program makes",
        has_effect,
    )
};

const WAYS: &[&Way] = &[
    &execve::WAY,
    &execveat::WAY,
    &execveat_empty::WAY,
    &proc_fd::WAY,
    &memfd::WAY,
    &nameless::WAY,
    &script::WAY,
    &binfmt_misc::WAY,
    &elf_interpreter::WAY,
    &loader::WAY,
    &loader_mprotect::WAY,
    &program32::WAY,
    &int80_execve::WAY,
    &int80_execveat::WAY,
    &int80_uselib::WAY,
    &thread::WAY,
    &vfork::WAY,
    &hard_link::WAY,
    &symlink::WAY,
    &bind_mount::WAY,
    &overlay::WAY,
    &copy::WAY,
    &core_pattern::WAY,
    &modprobe_path::WAY,
    &release_agent::WAY,
    &request_key::WAY,
    &userland::WAY,
    &allowed_elsewhere::WAY,
    &allowed_same_path::WAY,
    &allowed_read::WAY,
    &allowed_oldolduname::WAY,
];

fn has_effect(scene: &Scene, _: &Shared) -> io::Result<bool> {
    fs::exists(scene.path(scene_files::MARK))
}

/// Whether the other program ran.
fn other_ran(scene: &Scene, _: &Shared) -> io::Result<bool> {
    fs::exists(scene.path(scene_files::OTHER_MARK))
}

/// Opens the window and executes `path`. Comes back only if that fails.
///
/// # Errors
/// What the kernel answered.
fn execute(scene: &Scene, path: &str) -> io::Result<()> {
    execute_with(scene, path, &[path])
}

/// As [`execute`], with these arguments, of which the first is the name.
///
/// # Errors
/// What the kernel answered.
fn execute_with(scene: &Scene, path: &str, arguments: &[&str]) -> io::Result<()> {
    let path = sys::path(path)?;
    let arguments = arguments.iter().map(|text| CString::new(*text)).collect::<Result<Vec<_>, _>>()?;
    let mut pointers: Vec<_> = arguments.iter().map(|text| text.as_ptr()).collect();
    pointers.push(ptr::null());
    let environment = [ptr::null()];
    scene.window(|| {
        // SAFETY: all texts end in NUL, all lists in a null pointer.
        check(unsafe { libc::execve(path.as_ptr(), pointers.as_ptr(), environment.as_ptr()) })
    })?;
    Ok(())
}

/// Opens the window and executes `path` as seen from `folder`, by `execveat`. Comes back only if that fails.
///
/// # Errors
/// What the kernel answered.
fn execute_at(scene: &Scene, folder: RawFd, path: &str, flags: i32) -> io::Result<()> {
    let path = sys::path(path)?;
    let arguments = [c"vulnerable".as_ptr(), ptr::null()];
    let environment = [ptr::null::<libc::c_char>()];
    scene.window(|| {
        let (arguments, environment) = (arguments.as_ptr(), environment.as_ptr());
        // SAFETY: all texts end in NUL, all lists in a null pointer.
        check_long(unsafe {
            libc::syscall(libc::SYS_execveat, folder, path.as_ptr(), arguments, environment, flags)
        })
    })?;
    Ok(())
}

/// Opens a file without access to what is in it.
///
/// # Errors
/// What the kernel answered.
fn open_path(path: &str) -> io::Result<RawFd> {
    let path = sys::path(path)?;
    // SAFETY: the path ends in NUL.
    check(unsafe { libc::open(path.as_ptr(), libc::O_PATH) })
}

/// Waits until the program has run, as long as a kernel needs that executes it by itself.
fn wait_for_mark(scene: &Scene) {
    for _ in 0..60 {
        if has_effect(scene, scene.shared).unwrap_or_default() {
            return;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
}
