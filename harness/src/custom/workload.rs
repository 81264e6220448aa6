//! Custom workloads, such as `cmd:./my-test --once`: reads them, finds their programs and
//! libraries, and packs them for a guest. Only the agent knows how to time them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, ensure};
use hookbench_model::custom_workload::CommandWorkload;
use hookbench_model::protocol::MODULES;
use hookbench_model::{CustomWorkload, CustomWorkloadKind};
use hookbench_results::digest::sha256;
use hookbench_results::environment::CustomWorkloadRecord;
use hookbench_vm::cache::Cache;
use hookbench_vm::image::{self, Content, GuestFile};
use hookbench_vm::{payload, userland};
use hookbench_workloads::custom::{FOLDER, ask};

use crate::custom::payload::{Payload, read_file};
use crate::custom::program::{Program, Search};

/// The longest description of a workload that hookbench sends to a guest, in bytes.
const LONGEST: usize = 48 << 10;

/// One custom workload, with what a run records about it.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Supplied {
    workload: CustomWorkload,
    record: CustomWorkloadRecord,
    /// The program and its libraries, if they come from this machine.
    files: Vec<GuestFile>,
}

/// All custom workloads of a run, by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CustomWorkloads {
    all: BTreeMap<String, Supplied>,
    /// The payload of the commands, as the user names it: packages, paths of files and
    /// folders.
    bring: Vec<String>,
    /// The payload, after `fetch`.
    payload: Payload,
}

impl CustomWorkloads {
    /// Reads the custom workloads in `texts`; ignores built-in ones. Commands get the
    /// payload `bring` and must return the exit code `expect_exit`.
    ///
    /// # Errors
    /// When a file cannot be read or parsed, or two different workloads have the same
    /// name.
    pub fn read<'a>(
        texts: impl IntoIterator<Item = &'a String>,
        bring: &[String],
        expect_exit: Option<i32>,
    ) -> Result<CustomWorkloads> {
        let mut workloads = CustomWorkloads::default();
        for text in texts {
            let Some(name) = ask::name(text)? else { continue };
            let workload = Supplied::read(&name, text, expect_exit)?;
            let had = workloads.all.insert(name.clone(), workload.clone());
            ensure!(
                had.is_none_or(|had| had == workload),
                "two different workloads are called {name}; rename one{}",
                if name.starts_with("cmd:") { " with cmd:NAME=COMMAND" } else { "" }
            );
        }
        let commands = workloads.have_commands();
        ensure!(commands || expect_exit.is_none(), "--expect-exit needs a workload cmd:COMMAND");
        if commands {
            workloads.bring = bring.to_vec();
        }
        Ok(workloads)
    }

    /// Whether at least one of them is a command.
    pub(crate) fn have_commands(&self) -> bool {
        self.all.values().any(Supplied::is_command)
    }

    /// Finds the programs and libraries of commands: on this machine, in the guest, or in
    /// packages.
    ///
    /// # Errors
    /// When a program or one of its libraries is missing, or a package cannot be
    /// downloaded.
    pub(crate) fn fetch(&mut self, cache: &Cache, progress: &dyn Fn(&str)) -> Result<()> {
        if !self.have_commands() {
            return Ok(());
        }
        self.payload = Payload::read(&self.bring, FOLDER)?;
        let guest = userland::fetch(cache, progress)?;
        self.payload.fetch(&guest, cache, progress)?;
        let search = Search { guest: &guest, cache, progress };
        for workload in self.all.values_mut() {
            let CustomWorkload::Command(command) = &mut workload.workload else { continue };
            let found = search.workload(command, &self.payload)?;
            (command.program, workload.files) = (found.path, found.files);
        }
        // Only now does the payload grow: the files of one command do not change where the program of another is found.
        for workload in self.all.values_mut() {
            let CustomWorkload::Command(command) = &workload.workload else { continue };
            let files = std::mem::take(&mut workload.files);
            let mut program = Program { path: command.program.clone(), files };
            search.complete(&mut program, &mut self.payload)?;
            workload.files = program.files;
        }
        // Only now is the payload complete.
        for workload in self.all.values_mut().filter(|workload| workload.is_command()) {
            let packed =
                image::pack(&workload.files_with(&self.payload)).context("failed to pack a command")?;
            workload.record.sha256 = packed.sha256;
            workload.record.bytes = packed.bytes.len() as u64;
            workload.record.packages = self.payload.packages().to_vec();
        }
        Ok(())
    }

    /// What a run records about them.
    pub(crate) fn records(&self) -> Vec<CustomWorkloadRecord> {
        self.all.values().map(|workload| workload.record.clone()).collect()
    }

    /// The description of the workload `name` for the agent; `None` if it is built in.
    ///
    /// # Errors
    /// When the run has no such custom workload.
    pub(crate) fn find(&self, name: &str) -> Result<Option<CustomWorkload>> {
        if CustomWorkloadKind::of(name).is_none() {
            return Ok(None);
        }
        let found = self.all.get(name).with_context(|| {
            format!("no location for {name}; pass it with --workload, for example syscalls:PATH/NAME.toml")
        })?;
        Ok(Some(found.workload.clone()))
    }

    /// The files of the command `name`; none if there is no such command.
    pub(crate) fn files(&self, name: &str) -> Vec<GuestFile> {
        let command = self.all.get(name).filter(|workload| workload.is_command());
        command.map_or_else(Vec::new, |command| command.files_with(&self.payload))
    }

    /// Packs the files of the workload `name`, those in `stock` and the user's `modules` into an
    /// archive in `folder`. `None` if there is nothing to pack.
    ///
    /// # Errors
    /// When the archive cannot be written.
    pub(crate) fn pack(
        &self,
        name: &str,
        stock: Vec<GuestFile>,
        modules: &[(String, Vec<u8>)],
        folder: &Path,
    ) -> Result<Option<PathBuf>> {
        let command = self.all.get(name).filter(|workload| workload.is_command());
        if command.is_none() && stock.is_empty() && modules.is_empty() {
            return Ok(None);
        }
        let mut all = self.files(name);
        all.extend(stock);
        // The guest loads modules in the order of their names.
        all.extend(modules.iter().enumerate().map(|(number, (name, bytes))| GuestFile {
            path: format!("{MODULES}/{number:03}-{name}.ko"),
            mode: 0o600,
            content: Content::File(bytes.clone()),
        }));
        let archive = folder.join("work");
        payload::pack(&all, &archive)?;
        Ok(Some(archive))
    }
}

impl Supplied {
    fn read(name: &str, text: &str, expect_exit: Option<i32>) -> Result<Supplied> {
        let (kind, rest) = CustomWorkloadKind::of(text).context("not a custom workload")?;
        let mut record = CustomWorkloadRecord { name: name.into(), ..CustomWorkloadRecord::default() };
        let workload = match kind {
            CustomWorkloadKind::Command => {
                let (_, words) = ask::command(rest)?;
                record.command.clone_from(&words);
                record.expect_exit = expect_exit.filter(|code| *code != 0);
                // `fetch` finds the program and its files, once the packages are known.
                CustomWorkload::Command(CommandWorkload {
                    program: String::new(),
                    words,
                    expect_exit: expect_exit.unwrap_or(0),
                })
            }
            CustomWorkloadKind::Calls => {
                let context = || format!("no workload {text:?}");
                let bytes = read_file(Path::new(rest)).with_context(context)?;
                record.sha256 = sha256(&bytes);
                record.bytes = bytes.len() as u64;
                let file = str::from_utf8(&bytes).map_err(|_| anyhow!("it is not UTF-8"));
                let read = file.and_then(|file| Ok(ask::sequence(file)?));
                CustomWorkload::Calls(read.with_context(|| format!("failed to parse {rest}"))?)
            }
        };
        let rendered = serde_json::to_vec(&workload).context("failed to render the workload")?;
        ensure!(
            rendered.len() <= LONGEST,
            "{text:?} is too long: {} bytes; the limit is {LONGEST}",
            rendered.len()
        );
        Ok(Supplied { workload, record, files: Vec::new() })
    }

    fn is_command(&self) -> bool {
        matches!(self.workload, CustomWorkload::Command(_))
    }

    /// All files of a command, each path once. The libraries found with the program take
    /// precedence over the payload.
    fn files_with(&self, payload: &Payload) -> Vec<GuestFile> {
        let folder = GuestFile { path: FOLDER.into(), mode: 0o755, content: Content::Directory };
        let mut all = BTreeMap::new();
        for file in self.files.iter().chain(payload.files()).chain([&folder]) {
            all.entry(file.path.clone()).or_insert_with(|| file.clone());
        }
        all.into_values().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    fn read(texts: &[&str]) -> Result<CustomWorkloads> {
        let texts: Vec<String> = texts.iter().map(|text| text.to_string()).collect();
        CustomWorkloads::read(&texts, &[], None)
    }

    #[test]
    fn two_different_commands_need_different_names() {
        let workloads = read(&["cmd:true", "cmd:true", "cmd:more=true --help", "null-syscall"]).unwrap();
        let names: Vec<String> = workloads.records().into_iter().map(|record| record.name).collect();
        assert_eq!(names, ["cmd:more", "cmd:true"]);
        let error = read(&["cmd:true", "cmd:true --help"]).unwrap_err().to_string();
        assert!(error.contains("two different workloads are called cmd:true"), "{error}");
    }

    #[test]
    fn a_mistake_in_a_file_is_reported_with_its_line() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.toml");
        fs::write(&file, "[[call]]\nsyscall = \"getpppid\"\n").unwrap();
        let text = format!("syscalls:{}", file.display());
        let error = format!("{:#}", read(&[&text]).unwrap_err());
        assert!(error.contains("a.toml: line 2: no system call \"getpppid\""), "{error}");
        fs::write(&file, "[[call]]\nsyscall = \"getppid\"\n").unwrap();
        let workloads = read(&[&text]).unwrap();
        assert!(matches!(workloads.find("syscalls:a.toml").unwrap(), Some(CustomWorkload::Calls(_))));
        assert!(
            workloads.find("syscalls:b.toml").is_err() && workloads.find("null-syscall").unwrap().is_none()
        );
        assert!(read(&["syscalls:nowhere/a.toml"]).is_err());
    }

    #[test]
    fn an_expected_exit_code_needs_a_command() {
        let texts = ["null-syscall".to_string()];
        assert!(
            CustomWorkloads::read(&texts, &[], Some(1)).unwrap_err().to_string().contains("--expect-exit")
        );
    }
}
