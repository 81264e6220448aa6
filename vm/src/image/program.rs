//! A program of this machine for a guest: the file with the libraries that it
//! names, or, for a script, with its interpreter. Files that the program opens when
//! it runs are not found here.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};

use super::archive::{Content, GuestFile};
use super::closure::{Closure, merged};
use crate::files::elf;

/// The most bytes of a program.
const LARGEST: u64 = 256 << 20;

/// Returns the program `path` of this machine as the guest's file `at`, with the
/// files that it needs.
///
/// # Errors
/// When the file cannot be read, is not executable, is neither a 64-bit ELF program
/// nor a script, or needs a library that is not found.
pub fn collect_from_host(path: &Path, at: &str) -> Result<Vec<GuestFile>> {
    let context = || format!("failed to collect {} for the guest", path.display());
    let metadata = fs::metadata(path).with_context(context)?;
    let mode = metadata.permissions().mode() & 0o7777;
    ensure!(metadata.is_file() && mode & 0o111 != 0, "{} is not an executable file", path.display());
    ensure!(
        metadata.len() <= LARGEST,
        "{} is larger than {LARGEST} bytes, the most for a program",
        path.display()
    );
    let bytes = fs::read(path).with_context(context)?;
    let mut closure = Closure::from_host();
    if let Some(interpreter) = interpreter(&bytes) {
        closure.program(&merged(interpreter)).with_context(context)?;
    } else if elf::is_elf(&bytes) {
        closure.follow(&path.display().to_string(), &bytes).with_context(context)?;
    } else {
        bail!("{} is neither an ELF program nor a script that begins with #!", path.display());
    }
    closure.files.insert(at.to_owned(), (mode, bytes));
    let files = closure.files.into_iter().map(|(path, (mode, bytes))| GuestFile {
        path,
        mode,
        content: Content::File(bytes),
    });
    let links = closure.links.into_iter().map(|(path, target)| GuestFile {
        path,
        mode: 0o777,
        content: Content::Symlink(target),
    });
    Ok(files.chain(links).collect())
}

/// Returns the interpreter that a script names in its first line.
fn interpreter(bytes: &[u8]) -> Option<&str> {
    let line = bytes.strip_prefix(b"#!")?.split(|byte| *byte == b'\n').next()?;
    str::from_utf8(line).ok()?.split_ascii_whitespace().next()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(path: &str) -> Vec<String> {
        collect_from_host(Path::new(path), "own/it").unwrap().into_iter().map(|file| file.path).collect()
    }

    #[test]
    fn a_program_comes_with_its_libraries_and_its_loader() {
        let paths = paths("/bin/true");
        for needed in ["own/it", "usr/lib/x86_64-linux-gnu/libc.so.6", "usr/lib64/ld-linux-x86-64.so.2"] {
            assert!(paths.iter().any(|path| path == needed), "{paths:?}");
        }
    }

    #[test]
    fn a_script_comes_with_its_interpreter() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("script");
        fs::write(&file, "#! /bin/bash -e\ntrue\n").unwrap();
        let error = collect_from_host(&file, "own/it").unwrap_err().to_string();
        assert!(error.contains("not an executable file"), "{error}");
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
        assert!(paths(&file.display().to_string()).contains(&"usr/bin/bash".to_owned()));
        fs::write(&file, "neither").unwrap();
        assert!(
            collect_from_host(&file, "own/it").unwrap_err().to_string().contains("neither an ELF program")
        );
        assert_eq!(interpreter(b"#!\nx"), None);
    }
}
