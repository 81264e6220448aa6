//! Compilers out of Debian's packages, made to run where they were unpacked: by
//! the loader and the libraries they came with, so that neither what is
//! installed here nor its libc matters. What is compiled is decided elsewhere.

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use anyhow::{Context, Result, ensure};
use serde::{Deserialize, Serialize};

use crate::files::elf;

/// A compiler and all it needs, as packages.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Toolchain {
    /// What kernels.toml calls it.
    pub(crate) name: String,
    /// Debian suites that have it.
    pub(crate) suites: Vec<String>,
    /// The compiler's program, in `usr/bin`.
    pub(crate) compiler: String,
    /// Packages.
    pub(crate) packages: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Table {
    toolchain: Vec<Toolchain>,
}

/// Folders with libraries, below where packages were unpacked.
const LIBRARIES: [&str; 2] = ["lib/x86_64-linux-gnu", "usr/lib/x86_64-linux-gnu"];
/// The loader, in one of them.
const LOADER: &str = "ld-linux-x86-64.so.2";
/// Folders in which programs are.
const PROGRAMS: [&str; 2] = ["usr/bin", "usr/lib"];
/// Debian's `modpost` and `objtool` choose a program of another name, with one of
/// these at its end, and would look for it beside the program that is started.
const CHOSEN: [&str; 2] = [".real-lsb-64", ".real-x86"];
/// What the name of a program gets when a script takes its place.
const PROGRAM: &str = ".program";

/// The toolchain called `name`.
pub(crate) fn find(name: &str) -> Result<&'static Toolchain> {
    static TABLE: OnceLock<Result<Vec<Toolchain>, toml::de::Error>> = OnceLock::new();
    let parse = || Ok(toml::from_str::<Table>(include_str!("../../toolchains.toml"))?.toolchain);
    let rows = match TABLE.get_or_init(parse) {
        Ok(rows) => rows,
        Err(error) => return Err(error.clone()).context("failed to read the table vm/toolchains.toml"),
    };
    rows.iter().find(|row| row.name == name).with_context(|| format!("no toolchain is called {name:?}"))
}

/// Makes all programs below `root` run there.
pub(crate) fn settle(root: &Path) -> Result<()> {
    let text = root.to_string_lossy();
    ensure!(
        !text.contains(|c: char| c.is_whitespace() || "'\"\\:,;$#".contains(c)),
        "the kernel's makefiles cannot work in {text:?}; set HOOKBENCH_CACHE to a folder without blanks \
         and quotes in its name"
    );
    let libraries = LIBRARIES.map(|folder| root.join(folder));
    let loader = libraries.iter().map(|folder| folder.join(LOADER)).find(|path| path.exists());
    let loader = loader.with_context(|| format!("no {LOADER} in the packages of the toolchain"))?;
    let start = format!(
        "#!/bin/sh\nexec {} --library-path {}:{}",
        loader.display(),
        libraries[0].display(),
        libraries[1].display()
    );
    let mut files = Vec::new();
    for folder in PROGRAMS.map(|folder| root.join(folder)).iter().chain([&root.join("usr/libexec")]) {
        if folder.exists() {
            collect(folder, &mut files)?;
        }
    }
    for file in &files {
        wrap(file, &start).with_context(|| format!("failed to make {} run", file.display()))?;
    }
    Ok(())
}

/// All files in `folder` that may be programs.
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

/// Puts a script in the place of a program that needs a loader: it starts the one
/// in `start`.
fn wrap(file: &Path, start: &str) -> Result<()> {
    let bytes = fs::read(file)?;
    if !elf::is_elf(&bytes) || elf::needs(&bytes)?.interpreter.is_none() {
        return Ok(());
    }
    let name = file.to_string_lossy();
    let program = format!("{name}{PROGRAM}");
    fs::rename(file, &program)?;
    fs::write(file, format!("{start} {program} \"$@\"\n"))?;
    fs::set_permissions(file, fs::Permissions::from_mode(0o700))?;
    for (plain, chosen) in CHOSEN.iter().filter_map(|end| Some((name.strip_suffix(end)?, file.file_name()?)))
    {
        // Not there when the program that would choose was read before: then this
        // stands in the script's place.
        let _ = fs::remove_file(plain);
        symlink(chosen, plain)?;
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
