//! A program of this machine for a guest: the file and the libraries that it names, or,
//! of a script, its interpreter. What it opens by itself when it runs is not known.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};

use crate::files::elf;
use crate::image::closure::{Closure, merged};
use crate::image::{Content, GuestFile};

/// No program is larger.
const LARGEST: u64 = 256 << 20;

/// The program `path` of this machine, as the guest's file `at`, and what it needs.
///
/// # Errors
/// When it cannot be read, is not executable, is neither a 64-bit ELF program nor a
/// script, or a library of it is not found.
pub fn of_host(path: &Path, at: &str) -> Result<Vec<GuestFile>> {
    let context = || format!("failed to bring {}", path.display());
    let metadata = fs::metadata(path).with_context(context)?;
    let mode = metadata.permissions().mode() & 0o7777;
    ensure!(metadata.is_file() && mode & 0o111 != 0, "{} is not an executable file", path.display());
    ensure!(metadata.len() <= LARGEST, "{} has more than {LARGEST} bytes", path.display());
    let bytes = fs::read(path).with_context(context)?;
    let mut closure = Closure::of_host();
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

/// The interpreter that a script names in its first line.
fn interpreter(bytes: &[u8]) -> Option<&str> {
    let line = bytes.strip_prefix(b"#!")?.split(|byte| *byte == b'\n').next()?;
    str::from_utf8(line).ok()?.split_ascii_whitespace().next()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(path: &str) -> Vec<String> {
        of_host(Path::new(path), "own/it").unwrap().into_iter().map(|file| file.path).collect()
    }

    #[test]
    fn a_program_brings_its_libraries_and_its_loader() {
        let paths = paths("/bin/true");
        for needed in ["own/it", "usr/lib/x86_64-linux-gnu/libc.so.6", "usr/lib64/ld-linux-x86-64.so.2"] {
            assert!(paths.iter().any(|path| path == needed), "{paths:?}");
        }
    }

    #[test]
    fn a_script_brings_its_interpreter() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("script");
        fs::write(&file, "#! /bin/bash -e\ntrue\n").unwrap();
        let said = of_host(&file, "own/it").unwrap_err().to_string();
        assert!(said.contains("not an executable file"), "{said}");
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
        assert!(paths(&file.display().to_string()).contains(&"usr/bin/bash".to_owned()));
        fs::write(&file, "neither").unwrap();
        assert!(of_host(&file, "own/it").unwrap_err().to_string().contains("neither an ELF program"));
        assert_eq!(interpreter(b"#!\nx"), None);
    }
}
