//! A kernel module is loaded that is not on the list of those that may be: the module `dummy` of the kernel's own
//! package. The module `ifb` is on the list, as a file.

use std::fs::{self, File};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::sync::OnceLock;

use crate::exchange::PROGRAM;
use crate::modules;
use crate::scenario::{Call, Measured, Need, Scenario, Way};
use crate::scene::Scene;
use crate::sys::check_long;

mod finit_compressed;
mod finit_memfd;
mod finit_module;
mod init_module;
mod int80_finit_module;
mod int80_init_module;
mod int80_sigprocmask;
mod listed;
mod listed_rewritten;
mod request_device;
mod request_socket;

/// See the module.
pub(crate) static SCENARIO: Scenario = Scenario {
    ways: WAYS,
    textbook: &[
        Call::native("init_module", libc::SYS_init_module),
        Call::native("finit_module", libc::SYS_finit_module),
    ],
    complete: &[
        Call::native("init_module", libc::SYS_init_module),
        Call::native("finit_module", libc::SYS_finit_module),
        Call::compat("init_module", INIT_MODULE_32),
        Call::compat("finit_module", FINIT_MODULE_32),
    ],
    allowed: || LISTED.get().copied().into_iter().collect(),
    allowed_files: &[LISTED_FILE],
    measured: Some(Measured {
        rules: &["measure func=MODULE_CHECK"],
        more: &[],
        files: &["/scenarios/modules/dummy.ko", "/scenarios/modules/dummy.ko.xz"],
    }),
    // Nobody can take it back until the next boot.
    settings: &[("kernel.modules_disabled", "1")],
    images: &[("modprobe", |_| i32::from(finit(&modules::file(FORBIDDEN).display().to_string()).is_err()))],
    set_up,
    reset,
    ..Scenario::named(
        "module",
        "a kernel module is loaded that is not on the list of allowed modules",
        "the kernel lists the module dummy in /sys/module",
        |_, _| Ok(modules::is_loaded(FORBIDDEN)),
    )
};

const WAYS: &[&Way] = &[
    &init_module::WAY,
    &finit_module::WAY,
    &finit_memfd::WAY,
    &finit_compressed::WAY,
    &int80_init_module::WAY,
    &int80_finit_module::WAY,
    &request_device::WAY,
    &request_socket::WAY,
    &listed_rewritten::WAY,
    &listed::WAY,
    &int80_sigprocmask::WAY,
];

/// Allowed neighbours that other scenarios about modules share.
pub(crate) const LISTED_WAY: Way = listed::WAY;
pub(crate) const SIGPROCMASK_WAY: Way = int80_sigprocmask::WAY;

/// The module that is loaded.
const FORBIDDEN: &str = "dummy";
/// The module on the list.
const ALLOWED: &str = "ifb";
/// The file of the module on the list.
const LISTED_FILE: &str = "/run/scene/listed.ko";
/// Numbers in the kernel's `syscall_32.tbl`.
const INIT_MODULE_32: u32 = 128;
const FINIT_MODULE_32: u32 = 350;
/// The kernel runs the program that this file names to find a module.
const MODPROBE: &str = "/proc/sys/kernel/modprobe";

/// The device and the inode of the file on the list.
static LISTED: OnceLock<(u64, u64)> = OnceLock::new();

/// A way by which root loads the forbidden module.
const fn by_root(name: &'static str, about: &'static str, run: fn(&Scene) -> io::Result<()>) -> Way {
    Way { as_root: true, needs: &[Need::ModuleFile(FORBIDDEN)], ..Way::ordinary(name, about, run) }
}

/// Prepares the program that finds modules, and the file on the list.
///
/// # Errors
/// When a file cannot be written.
pub(crate) fn set_up(scene: &Scene) -> io::Result<()> {
    let script = scene.path("modprobe");
    fs::write(&script, format!("#!{PROGRAM} module/modprobe\n"))?;
    fs::set_permissions(&script, fs::Permissions::from_mode(0o755))?;
    fs::write(MODPROBE, script)?;
    if modules::file(ALLOWED).exists() {
        fs::copy(modules::file(ALLOWED), LISTED_FILE)?;
        let metadata = fs::metadata(LISTED_FILE)?;
        LISTED.get_or_init(|| (metadata.dev(), metadata.ino()));
    }
    Ok(())
}

/// Unloads what ways load, and gives the file on the list its module.
///
/// # Errors
/// When the kernel refuses.
pub(crate) fn reset(_: &Scene) -> io::Result<()> {
    if modules::file(ALLOWED).exists() {
        rewrite_listed(ALLOWED)?;
    }
    modules::unload(FORBIDDEN)?;
    modules::unload(ALLOWED)
}

/// Replaces what is in the file on the list; the file stays the same.
fn rewrite_listed(module: &str) -> io::Result<()> {
    fs::write(LISTED_FILE, fs::read(modules::file(module))?)
}

/// Loads the module in the file at `path` by `finit_module`.
fn finit(path: &str) -> io::Result<()> {
    finit_file(&File::open(path)?, 0)
}

fn finit_file(file: &File, flags: u32) -> io::Result<()> {
    // SAFETY: the descriptor and the empty string outlive the call.
    check_long(unsafe { libc::syscall(libc::SYS_finit_module, file.as_raw_fd(), c"".as_ptr(), flags) })
        .map(drop)
}
