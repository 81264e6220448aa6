//! A Landlock sandbox, which the process of a way enters just before its decisive call. It has no records.

use std::ffi::CString;
use std::fs;
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

use super::Attach;
use super::confining::Confining;
use crate::confine::{Caller, Confine, without_new_privileges};
use crate::policy_file::landlock::{Sandbox, TRUNCATE, sandbox};
use crate::scene::Scene;
use crate::subject::Subject;
use crate::sys::{check, check_long};

/// `LANDLOCK_CREATE_RULESET_VERSION`.
const VERSION: u32 = 1;
/// `LANDLOCK_RULE_PATH_BENEATH`.
const PATH_BENEATH: u32 = 1;
/// `LANDLOCK_ACCESS_NET_CONNECT_TCP`, and the version that brought it.
const CONNECT_TCP: u64 = 2;
const SINCE_CONNECT: i64 = 4;
/// The version that brought the right to truncate.
const SINCE_TRUNCATE: i64 = 3;

/// `struct landlock_ruleset_attr`, as far as it is used.
#[repr(C)]
struct Handled {
    files: u64,
    network: u64,
}

/// `struct landlock_path_beneath_attr`.
#[repr(C, packed)]
struct Beneath {
    rights: u64,
    parent: i32,
}

/// Has `scene` confine each way by the sandbox of `subject`. Where the policy spares root, root enters none.
///
/// # Errors
/// When the kernel refuses a rule.
pub(super) fn attach(subject: &Subject, scene: &mut Scene) -> Result<Attach> {
    let Some(sandbox) = sandbox(subject) else {
        return Ok(Attach::Unsupported("Landlock has no rules about that".into()));
    };
    // SAFETY: asks for a number.
    let version = unsafe { libc::syscall(libc::SYS_landlock_create_ruleset, 0, 0, VERSION) };
    if version < 0 {
        return Ok(Attach::Unsupported("this kernel has no Landlock".into()));
    }
    let (mut rights, mut lacks) = (sandbox.rights, Vec::new());
    if version < SINCE_TRUNCATE && rights & TRUNCATE != 0 {
        rights &= !TRUNCATE;
        lacks.push("the right to truncate".to_owned());
    }
    let denies_connect = sandbox.denies_connect && version >= SINCE_CONNECT;
    if sandbox.denies_connect && !denies_connect {
        lacks.push("rules about TCP".to_owned());
    }
    if rights == 0 && !denies_connect {
        return Ok(Attach::Unsupported(format!(
            "version {version} of Landlock, which this kernel has, has no rules about TCP"
        )));
    }
    let rules = ruleset(&sandbox, rights, denies_connect)?;
    let names = vec![format!("handles {rights:#x} of files, denies to connect: {denies_connect}")];
    let spares_root = subject.scenario.spares_root;
    scene.confine = Some(Confine::Calls(Box::new(move |caller| enter(&rules, spares_root, caller))));
    Ok(Attach::Attached(Box::new(Confining { names, lacks })))
}

/// Makes the rules.
fn ruleset(sandbox: &Sandbox, rights: u64, denies_connect: bool) -> Result<OwnedFd> {
    let handled = Handled { files: rights, network: if denies_connect { CONNECT_TCP } else { 0 } };
    // Kernels before the network only know the first field.
    let size = if denies_connect { size_of::<Handled>() } else { size_of::<u64>() };
    // SAFETY: the kernel reads the structure; the descriptor is owned at once.
    let rules = unsafe {
        let made = libc::syscall(libc::SYS_landlock_create_ruleset, &raw const handled, size, 0);
        OwnedFd::from_raw_fd(check_long(made).context("failed to make a Landlock ruleset")? as i32)
    };
    // A program that a way executes may have to enter it.
    // SAFETY: the descriptor is ours.
    check(unsafe { libc::fcntl(rules.as_raw_fd(), libc::F_SETFD, 0) })?;
    if rights != 0 {
        for path in allowed(&sandbox.denied)? {
            allow(&rules, &path, rights)
                .with_context(|| format!("failed to allow {} by Landlock", path.display()))?;
        }
    }
    Ok(rules)
}

/// Everything but `denied`: the root, or the entries beside the way to each file.
fn allowed(denied: &[String]) -> Result<Vec<PathBuf>> {
    let mut allowed = Vec::new();
    let on_way: Vec<&Path> = denied.iter().flat_map(|path| Path::new(path).ancestors()).collect();
    let mut folders = vec![PathBuf::from("/")];
    if on_way.is_empty() {
        return Ok(folders);
    }
    while let Some(folder) = folders.pop() {
        let entries =
            fs::read_dir(&folder).with_context(|| format!("failed to read {}", folder.display()))?;
        for entry in entries {
            let entry = entry?;
            let (path, kind) = (entry.path(), entry.file_type()?);
            match on_way.contains(&path.as_path()) {
                true if kind.is_dir() => folders.push(path),
                true => {}
                // What a link leads to is allowed at its own place.
                false if kind.is_symlink() => {}
                false => allowed.push(path),
            }
        }
    }
    Ok(allowed)
}

fn allow(rules: &OwnedFd, path: &Path, rights: u64) -> io::Result<()> {
    let path = CString::new(path.as_os_str().as_bytes())?;
    // SAFETY: the path ends in NUL, and the descriptor is owned at once.
    let parent =
        unsafe { OwnedFd::from_raw_fd(check(libc::open(path.as_ptr(), libc::O_PATH | libc::O_CLOEXEC))?) };
    let rule = Beneath { rights, parent: parent.as_raw_fd() };
    // SAFETY: the kernel reads the structure.
    let added = unsafe {
        libc::syscall(libc::SYS_landlock_add_rule, rules.as_raw_fd(), PATH_BENEATH, &raw const rule, 0)
    };
    check_long(added).map(drop)
}

/// Puts a process into the sandbox, which it cannot leave.
fn enter(rules: &OwnedFd, spares_root: bool, caller: &mut dyn Caller) -> io::Result<()> {
    if spares_root && caller.user() == 0 {
        return Ok(());
    }
    without_new_privileges(caller)?;
    caller.call(libc::SYS_landlock_restrict_self, [rules.as_raw_fd() as u64, 0, 0, 0, 0]).map(drop)
}
