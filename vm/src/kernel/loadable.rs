//! The folder of one's own kernel's modules, `lib/modules/VERSION`: the configuration
//! that lies in it, and the modules that are to be loaded, with those that they need.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use super::compression;
use crate::files::{digest, elf};

/// What is in the kernel itself, and need not be loaded.
const BUILT_IN: &str = "modules.builtin";
/// No module is larger, and no folder is deeper.
const LARGEST: u64 = 64 << 20;
const DEEPEST: usize = 12;
/// Where a configuration may be: some distributions put it beside the modules, and
/// `build` is a link to where the kernel was built, or to its headers.
const CONFIGURATIONS: [&str; 2] = ["config", "build/.config"];

/// How the files of modules end.
const SUFFIXES: [&str; 4] = [".ko", ".ko.xz", ".ko.zst", ".ko.gz"];

/// What of such a folder is used.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Loadable {
    /// The kernel's configuration, where it was found.
    pub config: Option<PathBuf>,
    /// Modules by name, uncompressed, in the order in which they are to be loaded.
    pub modules: Vec<(String, Vec<u8>)>,
}

impl Loadable {
    /// Those called `names` in `folder`, each after those that it needs.
    ///
    /// # Errors
    /// When the folder is none of modules, or has no such module.
    pub fn open(folder: &Path, names: &[String]) -> Result<Loadable> {
        let context = || format!("{} is no folder of modules, as in lib/modules/VERSION", folder.display());
        ensure!(folder.is_dir(), context());
        let config = CONFIGURATIONS.iter().map(|name| folder.join(name)).find(|path| path.is_file());
        let mut loadable = Loadable { config, modules: Vec::new() };
        if names.is_empty() {
            return Ok(loadable);
        }
        let built_in = fs::read_to_string(folder.join(BUILT_IN)).unwrap_or_default();
        let place = Place {
            folder,
            built_in: built_in.lines().map(module_name).collect(),
            files: list(folder, 0).with_context(context)?,
        };
        names.iter().try_for_each(|name| loadable.take(&place, &module_name(name), 0))?;
        Ok(loadable)
    }

    /// Takes the module `name` after those that it needs.
    fn take(&mut self, place: &Place<'_>, name: &str, depth: usize) -> Result<()> {
        let had = |all: &[(String, Vec<u8>)]| all.iter().any(|(had, _)| had == name);
        if had(&self.modules) || place.built_in.contains(name) {
            return Ok(());
        }
        ensure!(depth < DEEPEST, "modules of {} need each other, as of {name}", place.folder.display());
        let path = place.files.get(name).with_context(|| {
            format!("{} has no module {name:?} among its {}", place.folder.display(), place.files.len())
        })?;
        let context = || format!("failed to read the module {}", path.display());
        let bytes = compression::unpack(&read(path)?, LARGEST).with_context(context)?;
        for needed in elf::depends(&bytes).with_context(context)? {
            self.take(place, &module_name(&needed), depth + 1)?;
        }
        self.modules.push((name.to_owned(), bytes));
        Ok(())
    }

    /// Names and SHA-256 of the modules, as they are loaded.
    pub fn digests(&self) -> Vec<(String, String)> {
        self.modules.iter().map(|(name, bytes)| (name.clone(), digest::sha256(bytes))).collect()
    }
}

/// A folder of modules.
struct Place<'a> {
    folder: &'a Path,
    /// Names of what need not be loaded.
    built_in: BTreeSet<String>,
    /// Files by the names of their modules.
    files: BTreeMap<String, PathBuf>,
}

/// The modules below `folder`. Links, such as that to where the kernel was built, lead
/// to others.
fn list(folder: &Path, depth: usize) -> Result<BTreeMap<String, PathBuf>> {
    let context = || format!("failed to list {}", folder.display());
    let mut files = BTreeMap::new();
    for entry in fs::read_dir(folder).with_context(context)? {
        let entry = entry.with_context(context)?;
        let (path, kind) = (entry.path(), entry.file_type().with_context(context)?);
        let name = entry.file_name().to_string_lossy().into_owned();
        if kind.is_dir() && depth < DEEPEST {
            files.extend(list(&path, depth + 1)?);
        } else if kind.is_file() && SUFFIXES.iter().any(|suffix| name.ends_with(suffix)) {
            files.insert(module_name(&name), path);
        }
    }
    Ok(files)
}

/// As the kernel calls it: without folder and suffix, and with `_` for each `-`.
fn module_name(file: &str) -> String {
    let name = file.rsplit('/').next().unwrap_or_default();
    name.split(".ko").next().unwrap_or_default().replace('-', "_")
}

fn read(path: &Path) -> Result<Vec<u8>> {
    let context = || format!("failed to read {}", path.display());
    let size = fs::metadata(path).with_context(context)?.len();
    ensure!(size <= LARGEST, "{} has {size} bytes, more than {LARGEST}", path.display());
    fs::read(path).with_context(context)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The smallest module that says what it needs: an ELF file with its section.
    fn module(depends: &str) -> Vec<u8> {
        let names = b"\0.modinfo\0.shstrtab\0";
        let info = format!("license=GPL\0depends={depends}\0");
        let mut file = vec![0u8; 64];
        file[..8].copy_from_slice(b"\x7fELF\x02\x01\x01\0");
        (file[16], file[18], file[20]) = (1, 62, 1);
        let (info_at, names_at) = (file.len() as u64, (file.len() + info.len()) as u64);
        file.extend(info.as_bytes());
        file.extend(names);
        let sections_at = file.len() as u64;
        let mut section = |name: u32, kind: u32, at: u64, size: usize| {
            let mut header = [0u8; 64];
            header[..4].copy_from_slice(&name.to_le_bytes());
            header[4..8].copy_from_slice(&kind.to_le_bytes());
            header[24..32].copy_from_slice(&at.to_le_bytes());
            header[32..40].copy_from_slice(&(size as u64).to_le_bytes());
            file.extend(header);
        };
        section(0, 0, 0, 0);
        section(1, 1, info_at, info.len());
        section(10, 3, names_at, names.len());
        file[40..48].copy_from_slice(&sections_at.to_le_bytes());
        (file[52], file[58], file[60], file[62]) = (64, 64, 3, 2);
        file
    }

    fn folder() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, bytes: &[u8]| {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        };
        write("modules.builtin", b"kernel/c/inside.ko\n");
        write("kernel/a/one-two.ko.zst", &zstd::encode_all(&module("direct,inside")[..], 1).unwrap());
        write("kernel/b/direct.ko", &module("far"));
        write("kernel/b/far.ko", &module(""));
        write("kernel/b/round.ko", &module("again"));
        write("kernel/b/again.ko", &module("round"));
        write("build/.config", b"CONFIG_BPF=y\n");
        folder
    }

    #[test]
    fn modules_come_after_those_that_they_need_and_uncompressed() {
        let folder = folder();
        let names = ["one_two", "direct", "inside"].map(String::from);
        let loadable = Loadable::open(folder.path(), &names).unwrap();
        let found: Vec<&str> = loadable.modules.iter().map(|(name, _)| name.as_str()).collect();
        assert_eq!(found, ["far", "direct", "one_two"]);
        assert_eq!(loadable.modules[2].1, module("direct,inside"));
        assert_eq!(loadable.config, Some(folder.path().join("build/.config")));
        assert_eq!(loadable.digests().len(), 3);
    }

    #[test]
    fn what_is_not_there_is_said() {
        let folder = folder();
        let said =
            |path: &Path, name: &str| format!("{:#}", Loadable::open(path, &[name.to_string()]).unwrap_err());
        assert!(said(folder.path(), "telepathy").contains("no module \"telepathy\" among its 5"));
        assert!(said(&folder.path().join("nowhere"), "a").contains("is no folder of modules"));
        assert!(said(folder.path(), "round").contains("need each other"));
    }
}
