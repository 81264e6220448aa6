//! A program gets a variable by which the loader of programs loads what someone else wants: LD_PRELOAD and its
//! relatives.

use std::ffi::CString;
use std::fs;
use std::io;
use std::sync::atomic::Ordering;

use crate::exchange::PROGRAM;
use crate::scenario::{Call, Scenario, Way};
use crate::scene::{Scene, Shared, shared};
use crate::sys;

mod argument;
mod block;
mod clean;
mod dropped_page;
mod duplicate;
mod execveat;
mod first_page;
mod fresh_page;
mod fresh_pointers;
mod glibc_tunables;
mod int80_execve;
mod int80_oldolduname;
mod last_page;
mod ld_audit;
mod ld_library_path;
mod ld_preload;
mod ld_so_preload;
mod long_variable;
mod many_variables;
mod other_names;

use block::{Block, Texts};

/// What all ways give to the variable. A record has to name it.
const VALUE: &str = "/run/scene/preloaded.so";

/// The image that looks for a variable in its environment.
const LOOK: &str = "look";
/// The image that reads `/etc/ld.so.preload`, as the loader of programs does.
const READ: &str = "read";

/// See the module.
pub(crate) static SCENARIO: Scenario = Scenario {
    ways: WAYS,
    textbook: &[Call::native("execve", libc::SYS_execve)],
    complete: &[
        Call::native("execve", libc::SYS_execve),
        Call::native("execveat", libc::SYS_execveat),
        Call::compat("execve", 11),
        Call::compat("execveat", 358),
    ],
    spares_root: true,
    text: Some(VALUE),
    files: &[(ld_so_preload::FILE, "wa")],
    images: &[(LOOK, look), (READ, ld_so_preload::read)],
    set_up: |scene| fs::create_dir_all("/etc").and_then(|()| fresh_page::set_up(scene)),
    reset: |_| ld_so_preload::remove(),
    ..Scenario::named(
        "environment",
        "a program is executed with LD_PRELOAD or a relative of it",
        "the program found the variable, with the value of the way, in its environment",
        has_effect,
    )
};

const WAYS: &[&Way] = &[
    &ld_preload::WAY,
    &ld_audit::WAY,
    &ld_library_path::WAY,
    &glibc_tunables::WAY,
    &first_page::WAY,
    &last_page::WAY,
    &long_variable::WAY,
    &many_variables::WAY,
    &duplicate::WAY,
    &fresh_page::WAY,
    &dropped_page::WAY,
    &fresh_pointers::WAY,
    &execveat::WAY,
    &int80_execve::WAY,
    &ld_so_preload::WAY,
    &clean::WAY,
    &argument::WAY,
    &other_names::WAY,
    &int80_oldolduname::WAY,
];

/// Has the image look whether a variable of this name is in its environment, with the value of the ways.
fn look(arguments: &[String]) -> i32 {
    let Ok(shared) = shared() else { return 1 };
    let [name, ..] = arguments else { return 1 };
    // A program that has begun without the variable got through too.
    shared.values[1].store(1, Ordering::SeqCst);
    if std::env::vars().any(|(found, value)| found == *name && value == VALUE) {
        shared.values[0].store(1, Ordering::SeqCst);
    }
    0
}

fn has_effect(_: &Scene, shared: &Shared) -> io::Result<bool> {
    Ok(shared.values[0].load(Ordering::SeqCst) == 1)
}

/// Whether an allowed neighbour came through: its program ran, or it says so itself.
fn worked(_: &Scene, shared: &Shared) -> io::Result<bool> {
    Ok(shared.values[1].load(Ordering::SeqCst) == 1)
}

/// The arguments of the program for an image.
fn arguments(image: &str, argument: &str) -> io::Result<Texts> {
    Texts::new([PROGRAM.to_owned(), format!("environment/{image}"), argument.to_owned()])
}

/// The text of a variable with the value of the ways.
fn variable(name: &str) -> String {
    format!("{name}={VALUE}")
}

/// Executes the program that looks for the variable `name`, with this environment.
fn execute(scene: &Scene, name: &str, environment: &Block) -> io::Result<()> {
    let (program, arguments) = (sys::path(PROGRAM)?, arguments(LOOK, name)?);
    // SAFETY: the texts outlive the call, which returns only when it fails.
    let call = || unsafe { libc::execve(program.as_ptr(), arguments.block().as_ptr(), environment.as_ptr()) };
    scene.window(|| sys::check(call())).map(drop)
}

/// Executes the program that looks for LD_PRELOAD, with LD_PRELOAD after or before other variables.
fn execute_with(scene: &Scene, variables: Vec<String>) -> io::Result<()> {
    execute(scene, ld_preload::NAME, &Texts::new(variables)?.block())
}

/// A variable that fills a page.
fn page(number: usize) -> String {
    format!("PAGE{number:02}={}", "x".repeat(4_096 - "PAGE00=".len() - 1))
}

/// The bytes of LD_PRELOAD, with the value of the ways.
fn preload() -> io::Result<CString> {
    sys::path(&variable(ld_preload::NAME))
}
