//! Custom monitors: reads their files and packs them for a guest. `own_name` parses their
//! names; only the agent knows how to attach them.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use hookbench_model::{CustomMonitorKind, MonitorName};
use hookbench_probes::own::{COMMAND, Command, FOLDER};
use hookbench_results::environment::CustomMonitorRecord;
use hookbench_vm::brought;
use hookbench_vm::cache::Cache;
use hookbench_vm::image::{self, Content, GuestFile};
use hookbench_vm::kernel::Kernel;
use hookbench_vm::packages;
use hookbench_vm::userland::Userland;
use regex_lite::Regex;
use sha2::{Digest, Sha256};

use hookbench_plan::{custom_monitor_name, parse_command, split_tuning};

/// The largest file of a custom monitor, in bytes.
const LARGEST: u64 = 64 << 20;

/// The options that apply to custom monitors that are commands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct With {
    /// A regular expression that the output of a command must match before the command
    /// counts as ready.
    pub ready: Option<String>,
    /// The payload of the commands: paths of files and folders, and names of Debian
    /// packages.
    pub bring: Vec<String>,
}

/// One custom monitor.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Own {
    what: What,
    record: CustomMonitorRecord,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum What {
    /// The content of a file, which the guest gets under the monitor's file name.
    File(Vec<u8>),
    /// A command that runs in the guest.
    Command(Command),
}

/// All custom monitors of a run, by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Owns {
    all: BTreeMap<MonitorName, Own>,
    /// The payload files that commands find in their folder.
    files: Vec<GuestFile>,
    /// The Debian packages to download for commands.
    packages: Vec<String>,
    /// The files of those packages, after the download.
    fetched: Option<Userland>,
}

impl Owns {
    /// Reads the custom monitors in `texts`; ignores built-in ones.
    ///
    /// # Errors
    /// When a file cannot be read, or two different monitors have the same name.
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
            let Some((name, _)) = custom_monitor_name(text)? else { continue };
            let own = Own::read(&name, text, with)?;
            let had = owns.all.insert(name.clone(), own.clone());
            ensure!(
                had.is_none_or(|had| had == own),
                "two different monitors are called {name}; rename one{}",
                if name.mechanism() == "cmd" { " with cmd:NAME=COMMAND" } else { "" }
            );
        }
        let commands = owns.all.values().any(|own| matches!(own.what, What::Command(_)));
        ensure!(
            commands || with == &With::default(),
            "--ready needs a monitor cmd:COMMAND, and --bring needs a monitor or workload cmd:COMMAND"
        );
        Ok(owns)
    }

    /// Downloads the packages that commands need, or finds them in the cache.
    ///
    /// # Errors
    /// When a package does not exist, or cannot be downloaded.
    pub(crate) fn fetch(&mut self, cache: &Cache, progress: &dyn Fn(&str)) -> Result<()> {
        if !self.packages.is_empty() {
            self.fetched = Some(packages::fetch(&self.packages, cache, progress)?);
        }
        let brought = self.files.iter().chain(self.fetched.iter().flat_map(|of| &of.files));
        let packed = image::pack(brought).context("failed to pack the payload of the monitors")?;
        for own in self.all.values_mut() {
            if let What::Command(_) = own.what {
                own.record.sha256 = packed.sha256.clone();
                own.record.bytes = packed.bytes.len() as u64;
                own.record.packages = self.fetched.as_ref().map_or_else(Vec::new, |of| of.packages.clone());
            }
        }
        Ok(())
    }

    /// What a run records about them.
    pub(crate) fn records(&self) -> Vec<CustomMonitorRecord> {
        self.all.values().map(|own| own.record.clone()).collect()
    }

    /// Packs the files of the monitor `name` for a guest with `kernel` into an archive in
    /// `folder`. `None` if the monitor is built in.
    ///
    /// # Errors
    /// When the run has no such custom monitor, or the archive cannot be written.
    pub(crate) fn pack(&self, name: &MonitorName, kernel: &Kernel, folder: &Path) -> Result<Option<PathBuf>> {
        let Some((_, file)) = name.custom() else { return Ok(None) };
        let own = self.all.get(name).with_context(|| {
            format!("no location for {name}; pass it with --monitor, for example bpf:PATH/NAME.o")
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
        brought::pack(&files, &archive)?;
        Ok(Some(archive))
    }
}

/// Adds the file `path` of this machine, or all files of the folder `path`, to the
/// guest's folder `into`.
pub(crate) fn bring(path: &Path, into: &str, files: &mut Vec<GuestFile>) -> Result<()> {
    let context = || format!("failed to read {}, which --bring names", path.display());
    let metadata = fs::metadata(path).with_context(context)?;
    let name = path.canonicalize().with_context(context)?;
    let name = name.file_name().with_context(|| format!("{} has no file name", path.display()))?;
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

/// The kernel's configuration, at the path where libbpf looks it up for a BPF object.
fn config(kernel: &Kernel) -> Result<Option<GuestFile>> {
    let Some(path) = &kernel.config else { return Ok(None) };
    let bytes = fs::read(path).with_context(|| format!("failed to read {}", path.display()))?;
    let path = format!("boot/config-{}", kernel.version);
    Ok(Some(GuestFile { path, mode: 0o644, content: Content::File(bytes) }))
}

impl Own {
    fn read(name: &MonitorName, text: &str, with: &With) -> Result<Own> {
        let (kind, rest) = CustomMonitorKind::of(text).context("not a custom monitor")?;
        let (rest, _) = split_tuning(kind, rest)?;
        let mut record = CustomMonitorRecord { name: name.to_string(), ..CustomMonitorRecord::default() };
        let (what, bytes) = match kind {
            CustomMonitorKind::Bpf | CustomMonitorKind::Audit => {
                let bytes = read(Path::new(rest)).with_context(|| format!("no monitor {text:?}"))?;
                (What::File(bytes.clone()), bytes)
            }
            CustomMonitorKind::Command => {
                if let Some(ready) = &with.ready {
                    Regex::new(ready)
                        .with_context(|| format!("--ready {ready:?} is not a regular expression"))?;
                }
                let command = Command { words: parse_command(rest)?.1, ready: with.ready.clone() };
                record.command.clone_from(&command.words);
                record.ready.clone_from(&command.ready);
                // `fetch` records the payload, which is not known yet.
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
    ensure!(size <= LARGEST, "{} has {size} bytes; the limit is {LARGEST}", path.display());
    fs::read(path).with_context(context)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_monitors_with_the_same_name_must_have_the_same_content() {
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
