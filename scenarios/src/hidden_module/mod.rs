//! A module that is loaded and is in no list. It is one of hookbench's own, `modules/hookbench-hide.c`, which takes
//! itself off the lists and still answers. Loading it is seen as loading any module; no hook and no call shows that it
//! hides. What shows it is a comparison: a record of a load whose module is neither in `/proc/modules` nor in
//! `/sys/module`.

use std::fs::{self, File};
use std::io;
use std::os::fd::AsRawFd;
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::module;
use crate::modules;
use crate::scenario::{Need, Scenario, Way};
use crate::scene::Scene;
use crate::sys::{check_long, path};

mod hide_later;
mod hide_on_load;

/// See the module.
pub(crate) static SCENARIO: Scenario = Scenario {
    ways: WAYS,
    policy: "module",
    textbook: module::SCENARIO.textbook,
    complete: module::SCENARIO.complete,
    allowed: module::SCENARIO.allowed,
    allowed_files: module::SCENARIO.allowed_files,
    set_up: module::set_up,
    reset,
    ..Scenario::named(
        "hidden-module",
        "a kernel module works that is in no list of modules",
        "its file in /proc answers, and neither /proc/modules nor /sys/module has it",
        |_, _| is_hidden(),
    )
};

const WAYS: &[&Way] = &[&hide_on_load::WAY, &hide_later::WAY, &module::LISTED_WAY, &module::SIGPROCMASK_WAY];

/// The module's file, and its name for the kernel.
const FILE: &str = "hookbench-hide";
const NAME: &str = "hookbench_hide";
const NEEDS: &[Need] = &[Need::BuiltModule(FILE)];

/// How often the scene was reset. A hidden module cannot be unloaded, so each way has another file in `/proc`.
static RESETS: AtomicU32 = AtomicU32::new(0);

/// Unloads the module if it is not hidden, and loads it as one that does not hide yet.
fn reset(scene: &Scene) -> io::Result<()> {
    module::reset(scene)?;
    if !modules::file(FILE).exists() {
        return Ok(());
    }
    modules::unload(NAME)?;
    // A module that has hidden itself keeps its file in `/proc`, also one of the rehearsal's, which another process made.
    RESETS.fetch_add(1, Ordering::SeqCst);
    while Path::new(&proc_file()).exists() {
        RESETS.fetch_add(1, Ordering::SeqCst);
    }
    load(&File::open(modules::file(FILE))?, "")
}

/// The name of the module's file in `/proc`.
fn proc_name() -> String {
    format!("{NAME}_{}", RESETS.load(Ordering::SeqCst))
}

/// The path of that file.
fn proc_file() -> String {
    format!("/proc/{}", proc_name())
}

/// Loads the module with its file and `options`.
fn load(module: &File, options: &str) -> io::Result<()> {
    let options = path(&format!("file={} {options}", proc_name()))?;
    // SAFETY: the descriptor and the text outlive the call.
    check_long(unsafe { libc::syscall(libc::SYS_finit_module, module.as_raw_fd(), options.as_ptr(), 0) })
        .map(drop)
}

fn is_hidden() -> io::Result<bool> {
    if !Path::new(&proc_file()).exists() {
        return Ok(false);
    }
    let answers = fs::read_to_string(proc_file())? == "alive\n";
    let is_listed =
        fs::read_to_string("/proc/modules")?.lines().any(|line| line.split(' ').next() == Some(NAME));
    Ok(answers && !is_listed && !modules::is_loaded(NAME))
}
