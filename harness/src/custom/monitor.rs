//! Custom monitors: reads their files and packs them for a guest. The crate `plan` parses
//! their names; only the agent knows how to attach them.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use hookbench_model::{CustomMonitorKind, MonitorName};
use hookbench_plan::{custom_monitor_name, parse_command, split_tuning};
use hookbench_probes::custom::{COMMAND, FOLDER, MonitorCommand, ObjectFacts};
use hookbench_results::digest::sha256;
use hookbench_results::environment::CustomMonitorRecord;
use hookbench_vm::cache::Cache;
use hookbench_vm::image::{self, Content, GuestFile};
use hookbench_vm::kernel::Kernel;
use hookbench_vm::{payload, userland};
use regex_lite::Regex;

use crate::custom::object;
use crate::custom::payload::{Payload, read_file};
use crate::custom::program::Search;
use crate::custom::rules;

/// The options that apply to custom monitors that are commands, and the payload of rules.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CommandOptions {
    /// A regular expression that the output of a command must match before the command
    /// counts as ready.
    pub ready: Option<String>,
    /// The payload of commands and rules: paths of files and folders, and names of Debian
    /// packages.
    pub bring: Vec<String>,
}

/// One custom monitor.
#[derive(Debug, Clone, PartialEq, Eq)]
struct CustomMonitor {
    source: Source,
    record: CustomMonitorRecord,
    /// How many seconds of the guest's time attaching it may take beyond what is usual.
    attach_seconds: u64,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Source {
    /// The content of a BPF object, which the guest gets under the monitor's file name.
    Object(Vec<u8>, ObjectFacts),
    /// The content of a file of rules, which the guest gets in the same way.
    Rules(Vec<u8>),
    /// A command that runs in the guest.
    Command(MonitorCommand),
}

/// All custom monitors of a run, by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CustomMonitors {
    all: BTreeMap<MonitorName, CustomMonitor>,
    /// The payload of the commands and of the rules.
    payload: Payload,
    /// What the user should know before they are measured.
    warnings: Vec<String>,
}

impl CustomMonitors {
    /// Reads the custom monitors in `texts`; ignores built-in ones.
    ///
    /// # Errors
    /// When a file cannot be read, or two different monitors have the same name.
    pub fn read<'a>(
        texts: impl IntoIterator<Item = &'a String>,
        options: &CommandOptions,
    ) -> Result<CustomMonitors> {
        let payload = Payload::read(&options.bring, FOLDER)?;
        let (mut all, mut warnings) = (BTreeMap::new(), Vec::new());
        for text in texts {
            let Some((name, _)) = custom_monitor_name(text)? else { continue };
            let monitor = CustomMonitor::read(&name, text, options, &mut warnings)?;
            let had = all.insert(name.clone(), monitor.clone());
            ensure!(
                had.is_none_or(|had| had == monitor),
                "two different monitors are called {name}; rename one{}",
                if name.mechanism() == "cmd" { " with cmd:NAME=COMMAND" } else { "" }
            );
        }
        let any = |kind: fn(&Source) -> bool| all.values().any(|monitor| kind(&monitor.source));
        let commands = any(|source| matches!(source, Source::Command(_)));
        ensure!(commands || options.ready.is_none(), "--ready needs a monitor cmd:COMMAND");
        ensure!(
            options.bring.is_empty() || any(Source::takes_payload),
            "--bring needs a monitor or workload cmd:COMMAND, or a monitor audit:FILE.rules"
        );
        warnings.dedup();
        Ok(CustomMonitors { all, payload, warnings })
    }

    /// What the user should know before the monitors are measured.
    pub(crate) fn warnings(&self) -> &[String] {
        &self.warnings
    }

    /// Downloads the packages that commands need, or finds them in the cache, and checks
    /// that the guest can start each command.
    ///
    /// # Errors
    /// When a package does not exist, or cannot be downloaded, or a command cannot start.
    pub(crate) fn fetch(&mut self, cache: &Cache, progress: &dyn Fn(&str)) -> Result<()> {
        let sources = self.all.values().map(|monitor| &monitor.source);
        let commands = sources.filter_map(|source| match source {
            Source::Command(command) => Some(command),
            _ => None,
        });
        if !self.all.values().any(|monitor| monitor.source.takes_payload()) {
            return Ok(());
        }
        let guest = userland::fetch(cache, progress)?;
        self.payload.fetch(&guest, cache, progress)?;
        let search = Search { guest: &guest, cache, progress };
        for command in commands {
            let mut program = search.monitor(&command.words, &mut self.payload)?;
            search.complete(&mut program, &mut self.payload)?;
        }
        let packed =
            image::pack(self.payload.files()).context("failed to pack the payload of the monitors")?;
        for CustomMonitor { source, record, .. } in self.all.values_mut().filter(|m| m.source.takes_payload())
        {
            if let Source::Command(_) = source {
                record.sha256.clone_from(&packed.sha256);
                record.bytes = packed.bytes.len() as u64;
            }
            record.packages = self.payload.packages().to_vec();
        }
        Ok(())
    }

    /// What a run records about them.
    pub(crate) fn records(&self) -> Vec<CustomMonitorRecord> {
        self.all.values().map(|monitor| monitor.record.clone()).collect()
    }

    /// How many seconds of the guest's time attaching the monitor `name` may take beyond what is
    /// usual.
    pub(crate) fn attach_seconds(&self, name: &MonitorName) -> u64 {
        self.all.get(name).map_or(0, |monitor| monitor.attach_seconds)
    }

    /// Packs the files of the monitor `name` for a guest with `kernel` into an archive in
    /// `folder`. `None` if the monitor is built in.
    ///
    /// # Errors
    /// When the run has no such custom monitor, or the archive cannot be written.
    pub(crate) fn pack(&self, name: &MonitorName, kernel: &Kernel, folder: &Path) -> Result<Option<PathBuf>> {
        let Some((_, file)) = name.custom() else { return Ok(None) };
        let monitor = self.all.get(name).with_context(|| {
            format!("no location for {name}; pass it with --monitor, for example bpf:PATH/NAME.o")
        })?;
        let in_folder = |file: &str, bytes: Vec<u8>| GuestFile {
            path: format!("{FOLDER}/{file}"),
            mode: 0o600,
            content: Content::File(bytes),
        };
        let mut files = match &monitor.source {
            Source::Object(bytes, facts) => {
                [in_folder(file, bytes.clone())].into_iter().chain(object::file(facts)?).collect()
            }
            Source::Rules(bytes) => vec![in_folder(file, bytes.clone())],
            Source::Command(command) => {
                let json = serde_json::to_vec(command).context("failed to render the command")?;
                vec![in_folder(COMMAND, json)]
            }
        };
        if monitor.source.takes_payload() {
            files.extend_from_slice(self.payload.files());
        }
        files.extend(config(kernel)?);
        let archive = folder.join("own");
        payload::pack(&files, &archive)?;
        Ok(Some(archive))
    }
}

impl Source {
    /// Whether `--bring` is for it.
    fn takes_payload(&self) -> bool {
        matches!(self, Source::Command(_) | Source::Rules(_))
    }
}

/// The kernel's configuration, at the path where libbpf looks it up for a BPF object.
fn config(kernel: &Kernel) -> Result<Option<GuestFile>> {
    let Some(path) = &kernel.config else { return Ok(None) };
    let bytes = fs::read(path).with_context(|| format!("failed to read {}", path.display()))?;
    let path = format!("boot/config-{}", kernel.version);
    Ok(Some(GuestFile { path, mode: 0o644, content: Content::File(bytes) }))
}

impl CustomMonitor {
    /// Reads the monitor `text`, which is called `name`. Adds to `warnings` what its user should know.
    fn read(
        name: &MonitorName,
        text: &str,
        options: &CommandOptions,
        warnings: &mut Vec<String>,
    ) -> Result<CustomMonitor> {
        let (kind, rest) = CustomMonitorKind::of(text).context("not a custom monitor")?;
        let (rest, _) = split_tuning(kind, rest)?;
        let mut record = CustomMonitorRecord { name: name.to_string(), ..CustomMonitorRecord::default() };
        let mut attach_seconds = 0;
        let (source, bytes) = match kind {
            CustomMonitorKind::Bpf => {
                let bytes = read_file(Path::new(rest)).with_context(|| format!("no monitor {text:?}"))?;
                let read = object::read(&bytes).with_context(|| format!("{rest} is not a BPF object"))?;
                attach_seconds = read.1;
                (Source::Object(bytes.clone(), read.0), bytes)
            }
            CustomMonitorKind::Audit => {
                let rules = rules::read(Path::new(rest), text)?;
                warnings.extend(rules.warning);
                (Source::Rules(rules.bytes.clone()), rules.bytes)
            }
            CustomMonitorKind::Command => {
                if let Some(ready) = &options.ready {
                    Regex::new(ready)
                        .with_context(|| format!("--ready {ready:?} is not a regular expression"))?;
                }
                let command = MonitorCommand { words: parse_command(rest)?.1, ready: options.ready.clone() };
                record.command.clone_from(&command.words);
                record.ready.clone_from(&command.ready);
                // `fetch` records the payload, which is not known yet.
                (Source::Command(command), Vec::new())
            }
        };
        record.sha256 = sha256(&bytes);
        record.bytes = bytes.len() as u64;
        Ok(CustomMonitor { source, record, attach_seconds })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_monitors_with_the_same_name_must_have_the_same_content() {
        const RULE: &str = "-w /etc/passwd -p w\n";
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str, bytes: &str| {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, bytes).unwrap();
            format!("audit:{}", path.display())
        };
        let (one, two, other) =
            (at("1/a.rules", RULE), at("2/a.rules", RULE), at("3/a.rules", "-w /etc/shadow -p w\n"));
        let read =
            |texts: &[&String]| CustomMonitors::read(texts.iter().copied(), &CommandOptions::default());
        let monitors = read(&[&one, &two]).unwrap();
        assert_eq!(monitors.records().len(), 1);
        assert_eq!(
            (monitors.records()[0].name.as_str(), monitors.records()[0].bytes),
            ("audit:a.rules", RULE.len() as u64)
        );
        let error = read(&[&one, &other]).unwrap_err().to_string();
        assert!(error.contains("two different monitors are called audit:a.rules"), "{error}");
        let missing = format!("{:#}", read(&[&"bpf:nowhere/a.o".to_string()]).unwrap_err());
        assert!(missing.contains("no monitor") && missing.contains("nowhere/a.o"), "{missing}");
    }

    #[test]
    fn what_is_not_a_bpf_object_is_refused_with_its_path() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("text.o");
        fs::write(&path, "no ELF file").unwrap();
        let text = format!("bpf:{}", path.display());
        let error = format!("{:#}", CustomMonitors::read([&text], &CommandOptions::default()).unwrap_err());
        assert!(error.contains("text.o is not a BPF object: it is not an ELF file; compile it"), "{error}");
    }
}
