//! Finds the program of a command that is a workload: in the payload, in the guest, or on
//! this machine, from which it comes with its libraries.

use std::env;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use hookbench_model::custom_workload::CommandWorkload;
use hookbench_vm::image::GuestFile;
use hookbench_vm::program::collect_from_host;
use hookbench_vm::userland::Userland;
use hookbench_workloads::custom::FOLDER;

/// The folders of the guest's programs, relative to its root.
const PROGRAMS: [&str; 2] = ["usr/bin", "usr/sbin"];

/// The program of a command.
pub(super) struct Program {
    /// Its path in the guest.
    pub(super) path: String,
    /// The program and its libraries, if they come from this machine.
    pub(super) files: Vec<GuestFile>,
}

/// Finds the program of a command. A path means this machine, or the guest if this
/// machine has no such file. A name means the payload, the guest, then this machine.
///
/// # Errors
/// When there is no such program, or one of its libraries is missing.
pub(super) fn find_program(
    command: &CommandWorkload,
    payload: &[GuestFile],
    guest: &Userland,
) -> Result<Program> {
    let Some(word) = command.words.first() else { bail!("the command is empty") };
    let there = |path: &String| payload.iter().chain(&guest.files).any(|file| file.path == *path);
    let mut places = PROGRAMS.iter().map(|folder| format!("{folder}/{word}"));
    let in_guest = match word.contains('/') {
        true => {
            let path = Some(word.trim_start_matches('/').to_string());
            path.filter(|_| !Path::new(word).exists()).filter(there)
        }
        false => places.find(there),
    };
    if let Some(path) = in_guest {
        return Ok(Program { path: format!("/{path}"), files: Vec::new() });
    }
    let host = if word.contains('/') { Some(PathBuf::from(word)) } else { in_path(word) };
    let host = host.with_context(|| {
        format!("no program {word:?} in the guest or on this machine; add its package with --bring PACKAGE")
    })?;
    let name = host.file_name().with_context(|| format!("{word:?} has no file name"))?.to_string_lossy();
    let at = format!("{FOLDER}/{name}");
    let files = collect_from_host(&host, &at)?;
    Ok(Program { path: format!("/{at}"), files })
}

/// Finds the program `name` in the folders of $PATH.
fn in_path(name: &str) -> Option<PathBuf> {
    let executable = |path: &PathBuf| {
        fs::metadata(path).is_ok_and(|is| is.is_file() && is.permissions().mode() & 0o111 != 0)
    };
    env::split_paths(&env::var_os("PATH")?).map(|folder| folder.join(name)).find(executable)
}
