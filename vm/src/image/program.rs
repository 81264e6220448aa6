//! A program of this machine for a guest: the file with the libraries that it names.
//! Files that the program opens when it runs, and interpreters of scripts, are not found
//! here.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};

use super::archive::{Content, GuestFile};
use super::closure::Closure;
use crate::files::{elf, script};

/// The most bytes of a program.
const LARGEST: u64 = 256 << 20;

/// Returns the program `path` of this machine as the guest's file `at`, with the
/// libraries that it needs. A script comes alone.
///
/// # Errors
/// When the file cannot be read, is not executable, is neither an ELF program nor a
/// script, or needs a library that is not found.
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
    if elf::is_elf(&bytes) {
        let path = path.canonicalize().with_context(context)?;
        closure.follow(&path.display().to_string(), &bytes).with_context(context)?;
    } else if script::read(&bytes).is_none() {
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::files::elf::library;

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
    fn a_script_comes_alone() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("script");
        fs::write(&file, "#! /bin/bash -e\ntrue\n").unwrap();
        let error = collect_from_host(&file, "own/it").unwrap_err().to_string();
        assert!(error.contains("not an executable file"), "{error}");
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
        assert_eq!(paths(&file.display().to_string()), ["own/it"]);
        fs::write(&file, "neither").unwrap();
        assert!(
            collect_from_host(&file, "own/it").unwrap_err().to_string().contains("neither an ELF program")
        );
    }

    #[test]
    fn a_program_for_another_machine_comes_as_it_is() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("program");
        let mut bytes = fs::read("/bin/true").unwrap();
        bytes[4] = 1;
        fs::write(&file, &bytes).unwrap();
        fs::set_permissions(&file, fs::Permissions::from_mode(0o755)).unwrap();
        assert_eq!(paths(&file.display().to_string()), ["own/it"]);
    }

    #[test]
    fn a_library_in_a_folder_of_the_program_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        fs::write(at("liba.so"), library(&[], b"\0")).unwrap();
        fs::write(at("program"), library(&[(1, 1), (29, 9)], b"\0liba.so\0$ORIGIN\0")).unwrap();
        fs::set_permissions(at("program"), fs::Permissions::from_mode(0o755)).unwrap();
        let found = paths(&at("program").display().to_string());
        assert_eq!(found, ["own/it", "usr/lib/x86_64-linux-gnu/liba.so"]);
    }
}
