//! Compilers out of Debian's packages, which run from where they were unpacked, with
//! the loader and the libraries of the same release. This machine's packages and its
//! C library do not matter.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};

use crate::arch::{LOADER, REAL_TOOL_SUFFIXES, TRIPLE};
use crate::files::elf;

/// A compiler and everything that it needs, as packages.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Toolchain {
    /// Its name in kernels.toml.
    pub(crate) name: String,
    /// The Debian suites that have it.
    pub(crate) suites: Vec<String>,
    /// The compiler's program, in `usr/bin`.
    pub(crate) compiler: String,
    /// The packages to unpack.
    pub(crate) packages: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ToolchainTable {
    toolchain: Vec<Toolchain>,
}

/// Folders with programs. The last one is not in every toolchain.
const PROGRAM_FOLDERS: [&str; 3] = ["usr/bin", "usr/lib", "usr/libexec"];
/// The suffix that a program gets when a script replaces it.
const PROGRAM_SUFFIX: &str = ".program";

/// Returns the toolchain called `name`.
pub(crate) fn find(name: &str) -> Result<&'static Toolchain> {
    static TABLE: OnceLock<Result<Vec<Toolchain>, toml::de::Error>> = OnceLock::new();
    let parse = || Ok(toml::from_str::<ToolchainTable>(include_str!("../../toolchains.toml"))?.toolchain);
    let rows = match TABLE.get_or_init(parse) {
        Ok(rows) => rows,
        Err(error) => return Err(error.clone()).context("failed to read the table vm/toolchains.toml"),
    };
    rows.iter().find(|row| row.name == name).with_context(|| format!("no toolchain is called {name:?}"))
}

/// Makes all programs in `root` run from there.
pub(crate) fn settle(root: &Path) -> Result<()> {
    let text = root.to_string_lossy();
    ensure!(
        !text.contains(|c: char| c.is_whitespace() || "'\"\\:,;$#".contains(c)),
        "the kernel's makefiles cannot work in {text:?}; set HOOKBENCH_CACHE to a folder without spaces \
         and quotes in its path"
    );
    let libraries = ["lib", "usr/lib"].map(|folder| root.join(folder).join(TRIPLE));
    let loader = libraries.iter().map(|folder| folder.join(LOADER)).find(|path| path.exists());
    let loader = loader.with_context(|| format!("no {LOADER} in the packages of the toolchain"))?;
    let start = format!(
        "#!/bin/sh\nexec {} --library-path {}:{}",
        loader.display(),
        libraries[0].display(),
        libraries[1].display()
    );
    let mut files = Vec::new();
    for folder in PROGRAM_FOLDERS.map(|folder| root.join(folder)) {
        if folder.exists() {
            collect(&folder, &mut files)?;
        }
    }
    for file in &files {
        wrap(file, &start)
            .with_context(|| format!("failed to make {} run from its folder", file.display()))?;
    }
    Ok(())
}

/// Collects the files in `folder` that may be programs.
fn collect(folder: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    let context = || format!("failed to list {}", folder.display());
    for entry in fs::read_dir(folder).with_context(context)? {
        let entry = entry.with_context(context)?;
        let kind = entry.file_type().with_context(context)?;
        if kind.is_dir() {
            collect(&entry.path(), files)?;
        } else if kind.is_file() && !entry.file_name().to_string_lossy().contains(".so") {
            let mode = entry.metadata().with_context(context)?.permissions().mode();
            files.extend((mode & 0o100 != 0).then(|| entry.path()));
        }
    }
    Ok(())
}

/// Replaces a program that needs a loader by a script, which begins with `start` and
/// runs the program with the unpacked loader.
fn wrap(file: &Path, start: &str) -> Result<()> {
    let bytes = fs::read(file)?;
    if elf::program_needs(&bytes).is_none_or(|needs| needs.interpreter.is_none()) {
        return Ok(());
    }
    let name = file.to_string_lossy();
    let program = format!("{name}{PROGRAM_SUFFIX}");
    fs::rename(file, &program)?;
    fs::write(file, format!("{start} {program} \"$@\"\n"))?;
    fs::set_permissions(file, fs::Permissions::from_mode(0o700))?;
    // A program that starts the one with the suffix would look for it under the name
    // of the script. A link takes its place, whether the file is there already or not.
    let real_tools = REAL_TOOL_SUFFIXES.iter().filter_map(|suffix| name.strip_suffix(suffix));
    for (plain, real) in real_tools.zip(file.file_name()) {
        let _ = fs::remove_file(plain);
        symlink(real, plain)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kernel::table;

    #[test]
    fn every_kernel_has_a_toolchain() {
        for row in table::rows().unwrap() {
            let found = find(&row.toolchain).unwrap();
            assert!(!found.packages.is_empty() && !found.suites.is_empty(), "{}", row.name);
            assert_eq!(row.headers.len(), 3, "{}", row.name);
        }
        assert!(find("plan9").is_err());
    }

    #[test]
    fn a_folder_that_make_would_misread_is_refused() {
        for name in ["/a b", "/a'b", "/a:b"] {
            assert!(settle(Path::new(name)).unwrap_err().to_string().contains("makefiles"), "{name}");
        }
    }
}
