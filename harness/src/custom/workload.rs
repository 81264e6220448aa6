//! Custom workloads, such as `cmd:./my-test --once`: reads them, finds their programs and
//! libraries, and packs them for a guest. Only the agent knows how to time them.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail, ensure};
use hookbench_model::custom_workload::CommandWorkload;
use hookbench_model::protocol::MODULES;
use hookbench_model::{CustomWorkload, CustomWorkloadKind};
use hookbench_results::environment::CustomWorkloadRecord;
use hookbench_vm::cache::Cache;
use hookbench_vm::image::{self, Content, GuestFile};
use hookbench_vm::userland::{self, Userland};
use hookbench_vm::{packages, payload, program};
use hookbench_workloads::custom::{FOLDER, ask};
use sha2::{Digest, Sha256};

use crate::custom::monitor;

/// The folders of the guest's programs, relative to its root.
const PROGRAMS: [&str; 2] = ["usr/bin", "usr/sbin"];
/// The longest description of a workload that hookbench sends to a guest, in bytes.
const LONGEST: usize = 48 << 10;

/// One custom workload.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Own {
    work: CustomWorkload,
    record: CustomWorkloadRecord,
    /// The program and its libraries, if they come from this machine.
    files: Vec<GuestFile>,
}

/// All custom workloads of a run, by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Works {
    all: BTreeMap<String, Own>,
    /// The payload of the commands: names of packages, paths of files and folders.
    bring: Vec<String>,
    /// The files of the payload, after `fetch`.
    brought: Vec<GuestFile>,
}

impl Works {
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
    ) -> Result<Works> {
        let mut works = Works::default();
        for text in texts {
            let Some(name) = ask::name(text)? else { continue };
            let own = Own::read(&name, text, expect_exit)?;
            let had = works.all.insert(name.clone(), own.clone());
            ensure!(
                had.is_none_or(|had| had == own),
                "two different workloads are called {name}; rename one{}",
                if name.starts_with("cmd:") { " with cmd:NAME=COMMAND" } else { "" }
            );
        }
        ensure!(works.have_commands() || expect_exit.is_none(), "--expect-exit needs a workload cmd:COMMAND");
        if works.have_commands() {
            works.bring = bring.to_vec();
        }
        Ok(works)
    }

    /// Whether at least one of them is a command.
    pub(crate) fn have_commands(&self) -> bool {
        self.all.values().any(|own| matches!(own.work, CustomWorkload::Command(_)))
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
        let mut names = Vec::new();
        for item in &self.bring {
            if item.contains('/') || Path::new(item).exists() {
                monitor::bring(Path::new(item), FOLDER, &mut self.brought)?;
            } else {
                names.push(item.clone());
            }
        }
        let fetched = match names.is_empty() {
            true => None,
            false => Some(packages::fetch(&names, cache, progress)?),
        };
        self.brought.extend(fetched.iter().flat_map(|of| of.files.clone()));
        let guest = userland::fetch(cache, progress)?;
        for own in self.all.values_mut() {
            own.find(&self.brought, &guest)?;
            if let CustomWorkload::Command(_) = own.work {
                let packed = image::pack(&files(own, &self.brought)).context("failed to pack a command")?;
                own.record.sha256 = packed.sha256;
                own.record.bytes = packed.bytes.len() as u64;
                own.record.packages = fetched.as_ref().map_or_else(Vec::new, |of| of.packages.clone());
            }
        }
        Ok(())
    }

    /// What a run records about them.
    pub(crate) fn records(&self) -> Vec<CustomWorkloadRecord> {
        self.all.values().map(|own| own.record.clone()).collect()
    }

    /// The description of the workload `name` for the agent; `None` if it is built in.
    ///
    /// # Errors
    /// When the run has no such custom workload.
    pub(crate) fn of(&self, name: &str) -> Result<Option<CustomWorkload>> {
        if CustomWorkloadKind::of(name).is_none() {
            return Ok(None);
        }
        let own = self.all.get(name).with_context(|| {
            format!("no location for {name}; pass it with --workload, for example syscalls:PATH/NAME.toml")
        })?;
        Ok(Some(own.work.clone()))
    }

    /// Packs the files of the workload `name` and the kernel's `modules` into an archive
    /// in `folder`. `None` if there is nothing to pack.
    ///
    /// # Errors
    /// When the archive cannot be written.
    pub(crate) fn pack(
        &self,
        name: &str,
        modules: &[(String, Vec<u8>)],
        folder: &Path,
    ) -> Result<Option<PathBuf>> {
        let command = |own: &&Own| matches!(own.work, CustomWorkload::Command(_));
        let own = self.all.get(name).filter(command);
        if own.is_none() && modules.is_empty() {
            return Ok(None);
        }
        let mut all = own.map_or_else(Vec::new, |own| files(own, &self.brought));
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

/// All files of `own`, each path once. The libraries found with the program take
/// precedence over the payload.
fn files(own: &Own, brought: &[GuestFile]) -> Vec<GuestFile> {
    let folder = GuestFile { path: FOLDER.into(), mode: 0o755, content: Content::Directory };
    let mut all = BTreeMap::new();
    for file in own.files.iter().chain(brought).chain([&folder]) {
        all.entry(file.path.clone()).or_insert_with(|| file.clone());
    }
    all.into_values().collect()
}

impl Own {
    fn read(name: &str, text: &str, expect_exit: Option<i32>) -> Result<Own> {
        let (kind, rest) = CustomWorkloadKind::of(text).context("not a custom workload")?;
        let mut record = CustomWorkloadRecord { name: name.into(), ..CustomWorkloadRecord::default() };
        let work = match kind {
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
                let bytes = monitor::read(Path::new(rest)).with_context(context)?;
                record.sha256 = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
                record.bytes = bytes.len() as u64;
                let file = str::from_utf8(&bytes).map_err(|_| anyhow!("it is not UTF-8"));
                let read = file.and_then(|file| Ok(ask::sequence(file)?));
                CustomWorkload::Calls(read.with_context(|| format!("failed to parse {rest}"))?)
            }
        };
        let told = serde_json::to_vec(&work).context("failed to render the workload")?;
        ensure!(told.len() <= LONGEST, "{text:?} is too long: {} bytes; the limit is {LONGEST}", told.len());
        Ok(Own { work, record, files: Vec::new() })
    }

    /// Finds the program of a command. A path means this machine, or the guest if this
    /// machine has no such file. A name means the payload, the guest, then this machine.
    fn find(&mut self, brought: &[GuestFile], guest: &Userland) -> Result<()> {
        let CustomWorkload::Command(command) = &mut self.work else { return Ok(()) };
        let Some(word) = command.words.first() else { bail!("the command is empty") };
        let there = |path: &String| brought.iter().chain(&guest.files).any(|file| file.path == *path);
        let mut places = PROGRAMS.iter().map(|folder| format!("{folder}/{word}"));
        let in_guest = match word.contains('/') {
            true => Some(word.trim_start_matches('/').to_string())
                .filter(|_| !Path::new(word).exists())
                .filter(there),
            false => places.find(there),
        };
        if let Some(path) = in_guest {
            command.program = format!("/{path}");
            return Ok(());
        }
        let host = if word.contains('/') { Some(PathBuf::from(word)) } else { in_path(word) };
        let host = host.with_context(|| {
            format!(
                "no program {word:?} in the guest or on this machine; add its package with --bring PACKAGE"
            )
        })?;
        let name = host.file_name().with_context(|| format!("{word:?} has no file name"))?.to_string_lossy();
        let at = format!("{FOLDER}/{name}");
        self.files = program::collect_from_host(&host, &at)?;
        command.program = format!("/{at}");
        Ok(())
    }
}

/// Finds the program `name` in the folders of $PATH.
fn in_path(name: &str) -> Option<PathBuf> {
    let executable = |path: &PathBuf| {
        fs::metadata(path).is_ok_and(|is| is.is_file() && is.permissions().mode() & 0o111 != 0)
    };
    env::split_paths(&env::var_os("PATH")?).map(|folder| folder.join(name)).find(executable)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(texts: &[&str]) -> Result<Works> {
        let texts: Vec<String> = texts.iter().map(|text| text.to_string()).collect();
        Works::read(&texts, &[], None)
    }

    #[test]
    fn two_different_commands_need_different_names() {
        let works = read(&["cmd:true", "cmd:true", "cmd:more=true --help", "null-syscall"]).unwrap();
        let names: Vec<String> = works.records().into_iter().map(|record| record.name).collect();
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
        let works = read(&[&text]).unwrap();
        assert!(matches!(works.of("syscalls:a.toml").unwrap(), Some(CustomWorkload::Calls(_))));
        assert!(works.of("syscalls:b.toml").is_err() && works.of("null-syscall").unwrap().is_none());
        assert!(read(&["syscalls:nowhere/a.toml"]).is_err());
    }

    #[test]
    fn an_expected_exit_code_needs_a_command() {
        let texts = ["null-syscall".to_string()];
        assert!(Works::read(&texts, &[], Some(1)).unwrap_err().to_string().contains("--expect-exit"));
    }
}
