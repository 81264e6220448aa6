//! Monitors of a user's own: read, and packed for a guest. What they are called is read
//! in `own_name`; how they are attached is known in the guest alone.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use hookbench_probes::own::{COMMAND, Command, FOLDER};
use hookbench_results::environment::OwnRecord;
use hookbench_results::{MonitorName, OwnKind};
use hookbench_vm::cache::Cache;
use hookbench_vm::image::{self, Content, GuestFile};
use hookbench_vm::kernel::Kernel;
use hookbench_vm::packages;
use hookbench_vm::payload;
use hookbench_vm::userland::Userland;
use regex_lite::Regex;
use sha2::{Digest, Sha256};

use crate::own_name::{command, parse, tuned};

/// No object or file of rules is larger.
const LARGEST: u64 = 64 << 20;

/// What is asked for beside the monitors themselves.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct With {
    /// What commands have to write before they count as ready.
    pub ready: Option<String>,
    /// What commands need beside what the guest has: files and folders by path, and
    /// Debian packages by name.
    pub bring: Vec<String>,
}

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Own {
    what: What,
    record: OwnRecord,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum What {
    /// A file, which the guest has under the monitor's name.
    File(Vec<u8>),
    /// A command.
    Command(Command),
}

/// All of a run, by their names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Owns {
    all: BTreeMap<MonitorName, Own>,
    /// Files that commands find in their folder.
    files: Vec<GuestFile>,
    /// Debian packages to be fetched for them.
    packages: Vec<String>,
    /// What these are, once they have been.
    fetched: Option<Userland>,
}

impl Owns {
    /// Reads those of `texts` that are not ours.
    ///
    /// # Errors
    /// When a file cannot be read, or two different ones have the same name.
    pub fn read<'a>(texts: impl IntoIterator<Item = &'a String>, with: &With) -> Result<Owns> {
        let mut owns = Owns::default();
        for item in &with.bring {
            if item.contains('/') || Path::new(item).exists() {
                bring(Path::new(item), FOLDER, &mut owns.files)?;
            } else {
                owns.packages.push(item.clone());
            }
        }
        for text in texts {
            let Some((name, _)) = parse(text)? else { continue };
            let own = Own::read(&name, text, with)?;
            let had = owns.all.insert(name.clone(), own.clone());
            ensure!(
                had.is_none_or(|had| had == own),
                "two different monitors are called {name}; rename one{}",
                if name.mechanism() == "cmd" { ", as in cmd:NAME=COMMAND" } else { "" }
            );
        }
        let commands = owns.all.values().any(|own| matches!(own.what, What::Command(_)));
        ensure!(
            commands || with == &With::default(),
            "--bring and --ready are for commands, and no monitor is one: cmd:COMMAND"
        );
        Ok(owns)
    }

    /// Fetches the packages that commands need, or finds them in the cache.
    ///
    /// # Errors
    /// When there is no such package, or it cannot be fetched.
    pub(crate) fn fetch(&mut self, cache: &Cache, progress: &dyn Fn(&str)) -> Result<()> {
        if !self.packages.is_empty() {
            self.fetched = Some(packages::fetch(&self.packages, cache, progress)?);
        }
        let brought = self.files.iter().chain(self.fetched.iter().flat_map(|of| &of.files));
        let packed = image::pack(brought).context("failed to pack what commands need")?;
        for own in self.all.values_mut() {
            if let What::Command(_) = own.what {
                own.record.sha256 = packed.sha256.clone();
                own.record.bytes = packed.bytes.len() as u64;
                own.record.packages = self.fetched.as_ref().map_or_else(Vec::new, |of| of.packages.clone());
            }
        }
        Ok(())
    }

    /// What is recorded of them.
    pub(crate) fn records(&self) -> Vec<OwnRecord> {
        self.all.values().map(|own| own.record.clone()).collect()
    }

    /// Packs what `name` brings to a guest of `kernel` into an archive in `folder`;
    /// `None` when it is none of these.
    ///
    /// # Errors
    /// When there is no such monitor here, or the archive cannot be written.
    pub(crate) fn pack(&self, name: &MonitorName, kernel: &Kernel, folder: &Path) -> Result<Option<PathBuf>> {
        let Some((_, file)) = name.own() else { return Ok(None) };
        let own = self.all.get(name).with_context(|| {
            format!("nobody said where {name} is; name it with --monitor, as in bpf:PATH/NAME.o")
        })?;
        let in_folder = |file: &str, bytes: Vec<u8>| GuestFile {
            path: format!("{FOLDER}/{file}"),
            mode: 0o600,
            content: Content::File(bytes),
        };
        let mut files = match &own.what {
            What::File(bytes) => vec![in_folder(file, bytes.clone())],
            What::Command(command) => {
                let json = serde_json::to_vec(command).context("failed to render the command")?;
                let mut files = vec![in_folder(COMMAND, json)];
                files.extend(self.files.iter().chain(self.fetched.iter().flat_map(|of| &of.files)).cloned());
                files
            }
        };
        files.extend(config(kernel)?);
        let archive = folder.join("own");
        payload::pack(&files, &archive)?;
        Ok(Some(archive))
    }
}

/// Takes the file, or all in the folder, `path` of the host for the guest's folder `into`.
pub(crate) fn bring(path: &Path, into: &str, files: &mut Vec<GuestFile>) -> Result<()> {
    let context = || format!("failed to bring {}", path.display());
    let metadata = fs::metadata(path).with_context(context)?;
    let name = path.canonicalize().with_context(context)?;
    let name = name.file_name().with_context(|| format!("{} has no name", path.display()))?;
    let into = format!("{into}/{}", name.to_string_lossy());
    let mode = metadata.permissions().mode() & 0o7777;
    if !metadata.is_dir() {
        let content = Content::File(read(path)?);
        files.push(GuestFile { path: into, mode, content });
        return Ok(());
    }
    let mut entries =
        fs::read_dir(path).with_context(context)?.collect::<Result<Vec<_>, _>>().with_context(context)?;
    entries.sort_by_key(|entry| entry.file_name());
    entries.iter().try_for_each(|entry| bring(&entry.path(), &into, files))
}

/// The kernel's configuration, where libbpf looks for what an object asks of it.
fn config(kernel: &Kernel) -> Result<Option<GuestFile>> {
    let Some(path) = &kernel.config else { return Ok(None) };
    let bytes = fs::read(path).with_context(|| format!("failed to read {}", path.display()))?;
    let path = format!("boot/config-{}", kernel.version);
    Ok(Some(GuestFile { path, mode: 0o644, content: Content::File(bytes) }))
}

impl Own {
    fn read(name: &MonitorName, text: &str, with: &With) -> Result<Own> {
        let (kind, rest) = OwnKind::of(text).context("not a monitor of one's own")?;
        let (rest, _) = tuned(kind, rest)?;
        let mut record = OwnRecord { name: name.to_string(), ..OwnRecord::default() };
        let (what, bytes) = match kind {
            OwnKind::Bpf | OwnKind::Audit => {
                let bytes = read(Path::new(rest)).with_context(|| format!("no monitor {text:?}"))?;
                (What::File(bytes.clone()), bytes)
            }
            OwnKind::Command => {
                if let Some(ready) = &with.ready {
                    Regex::new(ready).with_context(|| format!("{ready:?} is no regular expression"))?;
                }
                let command = Command { words: command(rest)?.1, ready: with.ready.clone() };
                record.command.clone_from(&command.words);
                record.ready.clone_from(&command.ready);
                // What it brings is recorded when that is known.
                (What::Command(command), Vec::new())
            }
        };
        record.sha256 = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        record.bytes = bytes.len() as u64;
        Ok(Own { what, record })
    }
}

pub(crate) fn read(path: &Path) -> Result<Vec<u8>> {
    let context = || format!("failed to read {}", path.display());
    let size = fs::metadata(path).with_context(context)?.len();
    ensure!(size <= LARGEST, "{} has {size} bytes, more than {LARGEST}", path.display());
    fs::read(path).with_context(context)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_files_of_one_name_have_to_be_equal() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str, bytes: &str| {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, bytes).unwrap();
            format!("bpf:{}", path.display())
        };
        let (one, two, other) = (at("1/a.o", "x"), at("2/a.o", "x"), at("3/a.o", "y"));
        let read = |texts: &[&String]| Owns::read(texts.iter().copied(), &With::default());
        let owns = read(&[&one, &two]).unwrap();
        assert_eq!(owns.records().len(), 1);
        assert_eq!((owns.records()[0].name.as_str(), owns.records()[0].bytes), ("bpf:a.o", 1));
        let error = read(&[&one, &other]).unwrap_err().to_string();
        assert!(error.contains("two different monitors are called bpf:a.o"), "{error}");
        let missing = format!("{:#}", read(&[&"bpf:nowhere/a.o".to_string()]).unwrap_err());
        assert!(missing.contains("no monitor") && missing.contains("nowhere/a.o"), "{missing}");
    }
}
