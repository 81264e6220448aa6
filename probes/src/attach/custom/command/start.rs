//! Starts a command on its terminal, and explains why one did not start: the kernel says "no
//! such file" for a program that is missing and for one whose interpreter is.

use std::fs;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use anyhow::{Error, anyhow};

use crate::custom::payload::FOLDER;

/// Where programs are looked up.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin";

/// The longest first line of a script that the kernel reads.
const LONGEST: usize = 256;

/// Starts the command `words` in a process group of its own.
///
/// # Errors
/// The kernel's; [`explain`] says what it means.
pub(super) fn spawn(words: &[String], terminal: &OwnedFd) -> io::Result<Child> {
    Command::new(&words[0])
        .args(&words[1..])
        .env_clear()
        .env("PATH", PATH)
        .env("HOME", "/root")
        .env("TERM", "dumb")
        // Without a time zone, each conversion of a time looks for a file, which some commands watch.
        .env("TZ", "UTC0")
        .current_dir(Path::new("/").join(FOLDER))
        .stdin(Stdio::null())
        .stdout(terminal.try_clone()?)
        .stderr(terminal.try_clone()?)
        .process_group(0)
        .spawn()
}

/// What `error` means for `program`, in the file system that begins at `root`.
pub(super) fn explain(program: &str, root: &Path, error: io::Error) -> Error {
    let failed = |why: String| anyhow!("failed to start {program:?}: {why}");
    let found = find(program, root);
    let Some(path) = found else {
        return failed("the guest has no such program; add it with --bring".into());
    };
    let place = Path::new("/").join(path.strip_prefix(root).unwrap_or(&path));
    let place = place.display();
    match error.raw_os_error() {
        Some(libc::EACCES) if path.is_dir() => failed(format!("{place} is a folder")),
        Some(libc::EACCES) if !is_executable(&path) => {
            failed(format!("{place} is not executable; run `chmod +x` on the file that you pass to --bring"))
        }
        Some(libc::ENOENT | libc::ENOEXEC) => failed(match Kind::of(&path) {
            Kind::Script(interpreter) => {
                format!("{place} needs {interpreter}, which the guest lacks; add it with --bring")
            }
            Kind::Binary if error.raw_os_error() == Some(libc::ENOENT) => {
                format!("{place} needs a dynamic loader that the guest lacks; link it statically")
            }
            // The C library then tries a shell, which the guest may lack.
            _ => format!("{place} is neither a program for this machine nor a script that begins with #!"),
        }),
        _ => Error::new(error).context(format!("failed to start {program:?}")),
    }
}

/// The file that `program` names, if there is one.
fn find(program: &str, root: &Path) -> Option<PathBuf> {
    let within = |path: PathBuf| root.join(path.strip_prefix("/").unwrap_or(&path));
    if program.contains('/') {
        return Some(within(Path::new("/").join(FOLDER).join(program))).filter(|path| path.exists());
    }
    PATH.split(':').map(|folder| within(Path::new(folder).join(program))).find(|path| path.exists())
}

fn is_executable(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|metadata| metadata.permissions().mode() & 0o111 != 0)
}

/// What a file is, by its first bytes.
enum Kind {
    /// A script, with its interpreter.
    Script(String),
    /// An ELF file.
    Binary,
    Other,
}

impl Kind {
    fn of(path: &Path) -> Kind {
        let bytes = fs::read(path).unwrap_or_default();
        let Some(script) = bytes.strip_prefix(b"#!") else {
            return if bytes.starts_with(b"\x7fELF") { Kind::Binary } else { Kind::Other };
        };
        let line =
            script[..script.len().min(LONGEST)].split(|byte| *byte == b'\n').next().unwrap_or_default();
        let line = String::from_utf8_lossy(line);
        Kind::Script(line.split_whitespace().next().unwrap_or("an interpreter").into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_program_differs_from_a_missing_interpreter() {
        let root = tempfile::tempdir().unwrap();
        let folder = root.path().join(FOLDER);
        fs::create_dir(&folder).unwrap();
        let put = |name: &str, text: &str, mode: u32| {
            fs::write(folder.join(name), text).unwrap();
            fs::set_permissions(folder.join(name), fs::Permissions::from_mode(mode)).unwrap();
        };
        put("script", "#! /usr/bin/python3 -u\nprint()\n", 0o755);
        put("text", "hello", 0o644);
        put("binary", "\u{7f}ELF", 0o755);
        let why = |program: &str, number: i32| {
            format!("{:#}", explain(program, root.path(), io::Error::from_raw_os_error(number)))
        };
        assert!(why("nothing", libc::ENOENT).contains("no such program; add it with --bring"));
        assert!(why("./nothing", libc::ENOENT).contains("no such program"));
        let script = why("./script", libc::ENOENT);
        assert_eq!(
            script,
            "failed to start \"./script\": /own/./script needs /usr/bin/python3, which the guest lacks; add it \
             with --bring"
        );
        assert!(why("./text", libc::EACCES).contains("not executable"));
        assert!(why("./binary", libc::ENOEXEC).contains("neither a program"));
        assert!(why("./text", libc::ENOENT).contains("neither a program"));
        assert!(why("./binary", libc::ENOENT).contains("dynamic loader"));
        assert!(why("/own", libc::EACCES).contains("/own is a folder"));
        assert!(why("./binary", libc::ENOMEM).contains("os error 12"));
    }
}
