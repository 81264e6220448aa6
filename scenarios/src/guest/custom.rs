//! A custom way: a command that the user supplied, and how to look at its effect. Its window is open from the moment
//! when its program has been executed until it has ended.

use std::ffi::CString;
use std::fs;
use std::io::{self, Read, Write};
use std::os::fd::AsRawFd;
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::Ordering;

use anyhow::{Result, anyhow};

use crate::child;
use crate::exchange::{CustomEffect, CustomWay};
use crate::scenario::Way;
use crate::scene::{Confine, Scene, Shared};
use crate::sys::{become_uid, check, errno_of};

/// Above all ordinary processes: the runner opens the window before the program's first instruction.
const PRIORITY: i32 = 50;
/// Where programs are found by name.
const SEARCH: &str = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// The custom way of this guest. Ways are plain functions, which cannot carry it.
static CUSTOM: OnceLock<CustomWay> = OnceLock::new();

/// The way for the runner.
///
/// # Errors
/// When the guest already has a custom way.
pub(super) fn way(custom: &CustomWay) -> Result<Way> {
    let name: &'static str = custom.name.clone().leak();
    CUSTOM.set(custom.clone()).map_err(|_| anyhow!("a guest has one custom way"))?;
    // The runner stays root, and its child becomes the user.
    Ok(Way { as_root: true, has_effect: Some(has_effect), ..Way::ordinary(name, "a custom way", run) })
}

fn custom() -> io::Result<&'static CustomWay> {
    CUSTOM.get().ok_or_else(|| io::Error::other("there is no custom way"))
}

fn run(scene: &Scene) -> io::Result<()> {
    let custom = custom()?;
    remove_effect(&custom.effect)?;
    let (mut told, mut tell) = io::pipe()?;
    run_before_others()?;
    // SAFETY: the caller has one thread, so the child may do anything.
    let child = check(unsafe { libc::fork() })?;
    if child == 0 {
        let error = execute(custom, scene);
        let _ = tell.write_all(&errno_of(&error).to_ne_bytes());
        // SAFETY: leaves without running what the runner has to run.
        unsafe { libc::_exit(127) };
    }
    drop(tell);
    let mut errno = [0; 4];
    // The kernel closes the child's end when it has executed the program.
    let length = told.read(&mut errno)?;
    if length == errno.len() {
        child::wait(child)?;
        return Err(io::Error::from_raw_os_error(i32::from_ne_bytes(errno)));
    }
    // The child has been confined already.
    let unconfined = Scene { folder: scene.folder.clone(), shared: scene.shared, confine: None };
    let status = unconfined.window(|| child::wait(child))?;
    if libc::WIFSIGNALED(status) {
        // SAFETY: ends this process as its child ended.
        unsafe {
            libc::signal(libc::WTERMSIG(status), libc::SIG_DFL);
            libc::kill(libc::getpid(), libc::WTERMSIG(status));
        }
    }
    exit_code(scene.shared).store(libc::WEXITSTATUS(status) as u64 + 1, Ordering::SeqCst);
    Ok(())
}

/// The exit code of the command and 1; 0 before it has ended.
fn exit_code(shared: &Shared) -> &std::sync::atomic::AtomicU64 {
    &shared.values[0]
}

/// Becomes the user, is confined if the policy does that, and executes the program.
fn execute(custom: &CustomWay, scene: &Scene) -> io::Error {
    let executed = || -> io::Result<()> {
        standard_streams()?;
        std::env::set_current_dir(&custom.folder)?;
        if custom.user != 0 {
            become_uid(custom.user)?;
        }
        // SAFETY: changes this process alone: it ends with its parent.
        check(unsafe { libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL, 0, 0, 0) })?;
        if let Some(Confine(confine)) = &scene.confine {
            confine()?;
        }
        let words: Vec<CString> =
            custom.words.iter().map(|word| CString::new(word.as_str())).collect::<Result<_, _>>()?;
        let mut arguments: Vec<*const libc::c_char> = words.iter().map(|word| word.as_ptr()).collect();
        arguments.push(std::ptr::null());
        let search = CString::new(SEARCH)?;
        let environment = [search.as_ptr(), std::ptr::null()];
        let program = CString::new(custom.program.as_str())?;
        let (argv, envp) = (arguments.as_ptr(), environment.as_ptr());
        // Textbook policies watch execve, and how the way is started is not the way.
        // SAFETY: all pointers are to strings that end with NUL, and to arrays that end with a null pointer.
        unsafe { libc::syscall(libc::SYS_execveat, libc::AT_FDCWD, program.as_ptr(), argv, envp, 0) };
        Err(io::Error::last_os_error())
    };
    match executed() {
        Err(error) => error,
        Ok(()) => io::Error::from_raw_os_error(libc::EPROTO),
    }
}

/// The runner's own streams carry the order and the answer: the command gets nothing, and writes to the console.
fn standard_streams() -> io::Result<()> {
    let nothing = fs::File::open("/dev/null")?;
    // SAFETY: plain system calls on open descriptors.
    unsafe {
        check(libc::dup2(nothing.as_raw_fd(), 0))?;
        check(libc::dup2(2, 1))?;
    }
    Ok(())
}

/// From now on no ordinary process runs while this one can; its children are ordinary.
fn run_before_others() -> io::Result<()> {
    let priority = libc::sched_param { sched_priority: PRIORITY };
    let policy = libc::SCHED_FIFO | libc::SCHED_RESET_ON_FORK;
    // SAFETY: reads `priority`.
    check(unsafe { libc::sched_setscheduler(0, policy, &priority) }).map(drop)
}

/// Removes what an earlier try left.
fn remove_effect(effect: &CustomEffect) -> io::Result<()> {
    let (CustomEffect::Exists(path) | CustomEffect::Content { path, .. }) = effect else { return Ok(()) };
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        removed => removed,
    }
}

fn has_effect(_: &Scene, shared: &Shared) -> io::Result<bool> {
    match &custom()?.effect {
        CustomEffect::Exists(path) => fs::exists(path),
        CustomEffect::Content { path, text } => match fs::read(path) {
            Ok(bytes) => Ok(bytes.strip_suffix(b"\n").unwrap_or(&bytes) == text.as_bytes()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        },
        CustomEffect::Exit(code) => Ok(exit_code(shared).load(Ordering::SeqCst) == *code as u64 + 1),
        CustomEffect::Check { program, words } => ask(program, words),
    }
}

/// What the user's check says: exit code 0 is yes, and 1 is no.
fn ask(program: &str, words: &[String]) -> io::Result<bool> {
    let mut command = Command::new(program);
    command
        .args(words.iter().skip(1))
        .current_dir(&custom()?.folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null());
    let status = command.status()?;
    match status.code() {
        Some(0) => Ok(true),
        Some(1) => Ok(false),
        _ => Err(io::Error::other(format!(
            "the check {program} ended with {status}, which is neither 0 nor 1"
        ))),
    }
}
