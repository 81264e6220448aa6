//! The folder of a custom kernel's modules, `lib/modules/VERSION`: the kernel's
//! configuration in it, and the modules to load, with the modules that they need.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};

use super::compression;
use crate::files::{digest, elf};

/// The list of modules that are built into the kernel.
const BUILT_IN: &str = "modules.builtin";
/// The most bytes of a module.
const LARGEST: u64 = 64 << 20;
/// The most folders within each other, and the longest chain of needed modules.
const DEEPEST: usize = 12;
/// Where the configuration may be. Some distributions put it next to the modules.
/// `build` is a link to the folder where the kernel was built, or to its headers.
const CONFIGURATIONS: [&str; 2] = ["config", "build/.config"];

/// The suffixes of modules' files.
const SUFFIXES: [&str; 4] = [".ko", ".ko.xz", ".ko.zst", ".ko.gz"];

/// The configuration and the modules out of such a folder.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Loadable {
    /// The path of the kernel's configuration, if there is one.
    pub config: Option<PathBuf>,
    /// Names and bytes of modules, uncompressed, in the order in which to load them.
    pub modules: Vec<(String, Vec<u8>)>,
}

impl Loadable {
    /// Reads the modules `names` in `folder`, each after the modules that it needs.
    ///
    /// # Errors
    /// When `folder` is not a folder of modules, or has no such module.
    pub fn open(folder: &Path, names: &[String]) -> Result<Loadable> {
        let context = || format!("{} is not a folder of modules like lib/modules/VERSION", folder.display());
        ensure!(folder.is_dir(), context());
        let config = CONFIGURATIONS.iter().map(|name| folder.join(name)).find(|path| path.is_file());
        let mut loadable = Loadable { config, modules: Vec::new() };
        if names.is_empty() {
            return Ok(loadable);
        }
        let source = ModuleFolder::open(folder).with_context(context)?;
        names.iter().try_for_each(|name| loadable.add(&source, &module_name(name)))?;
        Ok(loadable)
    }

    /// Adds the module `name` after the modules that it needs.
    ///
    /// # Errors
    /// When the folder lacks one of them, or one is damaged.
    pub(super) fn add(&mut self, source: &ModuleFolder<'_>, name: &str) -> Result<()> {
        self.add_within(source, name, 0)
    }

    fn add_within(&mut self, source: &ModuleFolder<'_>, name: &str, depth: usize) -> Result<()> {
        let is_added = self.modules.iter().any(|(added, _)| added == name);
        if is_added || source.built_in.contains(name) {
            return Ok(());
        }
        ensure!(
            depth < DEEPEST,
            "modules in {} need each other in a circle, {name} among them",
            source.folder.display()
        );
        let path = source.files.get(name).with_context(|| {
            format!("{} has no module {name:?} among its {}", source.folder.display(), source.files.len())
        })?;
        let context = || format!("failed to read the module {}", path.display());
        let bytes = compression::unpack(&read(path)?, LARGEST).with_context(context)?;
        for needed in elf::needed_modules(&bytes).with_context(context)? {
            self.add_within(source, &module_name(&needed), depth + 1)?;
        }
        self.modules.push((name.to_owned(), bytes));
        Ok(())
    }

    /// Returns names and SHA-256 of the modules, in the order in which to load them.
    pub fn digests(&self) -> Vec<(String, String)> {
        self.modules.iter().map(|(name, bytes)| (name.clone(), digest::sha256(bytes))).collect()
    }
}

/// A folder of modules.
pub(super) struct ModuleFolder<'a> {
    folder: &'a Path,
    /// Names of modules that are built into the kernel.
    pub(super) built_in: BTreeSet<String>,
    /// Paths by the names of the modules.
    pub(super) files: BTreeMap<String, PathBuf>,
}

impl<'a> ModuleFolder<'a> {
    /// Lists the modules in `folder`.
    ///
    /// # Errors
    /// When it cannot be read.
    pub(super) fn open(folder: &'a Path) -> Result<ModuleFolder<'a>> {
        let built_in = fs::read_to_string(folder.join(BUILT_IN)).unwrap_or_default();
        let built_in = built_in.lines().map(module_name).collect();
        Ok(ModuleFolder { folder, built_in, files: list(folder, 0)? })
    }
}

/// Lists the modules in `folder`. Does not follow links: the one to where the kernel
/// was built leads to other modules.
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

/// Returns the kernel's name of the module in `file`: without folder and suffix, and
/// with `_` for each `-`.
fn module_name(file: &str) -> String {
    let name = file.rsplit('/').next().unwrap_or_default();
    name.split(".ko").next().unwrap_or_default().replace('-', "_")
}

fn read(path: &Path) -> Result<Vec<u8>> {
    let context = || format!("failed to read {}", path.display());
    let size = fs::metadata(path).with_context(context)?.len();
    ensure!(size <= LARGEST, "{} has {size} bytes; a module may have {LARGEST}", path.display());
    fs::read(path).with_context(context)
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// Returns the smallest module that names what it needs: an ELF file with one section.
    pub(in crate::kernel) fn module(depends: &str) -> Vec<u8> {
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
    fn a_module_is_uncompressed_and_comes_after_those_that_it_needs() {
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
    fn an_error_names_a_missing_module_or_folder() {
        let folder = folder();
        let error_of =
            |path: &Path, name: &str| format!("{:#}", Loadable::open(path, &[name.to_string()]).unwrap_err());
        assert!(error_of(folder.path(), "telepathy").contains("no module \"telepathy\" among its 5"));
        assert!(error_of(&folder.path().join("nowhere"), "a").contains("is not a folder of modules"));
        assert!(error_of(folder.path(), "round").contains("need each other"));
    }
}
