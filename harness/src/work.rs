//! Workloads of a user's own as they are asked for, `cmd:./my-test --once`: read, found
//! with all that they need, and packed for a guest. How they are timed is known in the
//! guest alone.

use std::collections::BTreeMap;
use std::env;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, anyhow, bail, ensure};
use hookbench_results::environment::WorkRecord;
use hookbench_results::protocol::MODULES;
use hookbench_results::work::CommandWork;
use hookbench_results::{Work, WorkKind};
use hookbench_vm::cache::Cache;
use hookbench_vm::image::{self, Content, GuestFile};
use hookbench_vm::userland::{self, Userland};
use hookbench_vm::{packages, payload, program};
use hookbench_workloads::own::{FOLDER, ask};
use sha2::{Digest, Sha256};

use crate::own;

/// Where the guest's programs are, from the root.
const PROGRAMS: [&str; 2] = ["usr/bin", "usr/sbin"];
/// What a guest is told of a sequence has an end.
const LONGEST: usize = 48 << 10;

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Own {
    work: Work,
    record: WorkRecord,
    /// The program and its libraries, where they are brought.
    files: Vec<GuestFile>,
}

/// All of a run, by their names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Works {
    all: BTreeMap<String, Own>,
    /// What commands need beside their programs: packages by name, files by path.
    bring: Vec<String>,
    /// The files of that, once they are known.
    brought: Vec<GuestFile>,
}

impl Works {
    /// Reads those of `texts` that are not ours; commands `bring` what they need, and
    /// have to end with the exit code `expect_exit`.
    ///
    /// # Errors
    /// When a file cannot be read or understood, or two different ones have the same
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
                if name.starts_with("cmd:") { ", as in cmd:NAME=COMMAND" } else { "" }
            );
        }
        ensure!(
            works.have_commands() || expect_exit.is_none(),
            "--expect-exit is for commands, and no workload is one: cmd:COMMAND"
        );
        if works.have_commands() {
            works.bring = bring.to_vec();
        }
        Ok(works)
    }

    /// Whether one of them is a command.
    pub(crate) fn have_commands(&self) -> bool {
        self.all.values().any(|own| matches!(own.work, Work::Command(_)))
    }

    /// Finds programs and what they need: here, in the guest, or in packages.
    ///
    /// # Errors
    /// When a program or a library of it is nowhere, or a package cannot be had.
    pub(crate) fn fetch(&mut self, cache: &Cache, progress: &dyn Fn(&str)) -> Result<()> {
        if !self.have_commands() {
            return Ok(());
        }
        let mut names = Vec::new();
        for item in &self.bring {
            if item.contains('/') || Path::new(item).exists() {
                own::bring(Path::new(item), FOLDER, &mut self.brought)?;
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
            if let Work::Command(_) = own.work {
                let packed = image::pack(&files(own, &self.brought)).context("failed to pack a command")?;
                own.record.sha256 = packed.sha256;
                own.record.bytes = packed.bytes.len() as u64;
                own.record.packages = fetched.as_ref().map_or_else(Vec::new, |of| of.packages.clone());
            }
        }
        Ok(())
    }

    /// What is recorded of them.
    pub(crate) fn records(&self) -> Vec<WorkRecord> {
        self.all.values().map(|own| own.record.clone()).collect()
    }

    /// What a guest is told of the workload `name`; `None` when it is one of ours.
    ///
    /// # Errors
    /// When there is no such workload here.
    pub(crate) fn of(&self, name: &str) -> Result<Option<Work>> {
        if WorkKind::of(name).is_none() {
            return Ok(None);
        }
        let own = self.all.get(name).with_context(|| {
            format!("nobody said where {name} is; name it with --workload, as in syscalls:PATH/NAME.toml")
        })?;
        Ok(Some(own.work.clone()))
    }

    /// Packs what `name` brings, and the kernel's `modules`, into an archive in
    /// `folder`; `None` when it is nothing.
    ///
    /// # Errors
    /// When the archive cannot be written.
    pub(crate) fn pack(
        &self,
        name: &str,
        modules: &[(String, Vec<u8>)],
        folder: &Path,
    ) -> Result<Option<PathBuf>> {
        let command = |own: &&Own| matches!(own.work, Work::Command(_));
        let own = self.all.get(name).filter(command);
        if own.is_none() && modules.is_empty() {
            return Ok(None);
        }
        let mut all = own.map_or_else(Vec::new, |own| files(own, &self.brought));
        // The guest loads them in the order of their names.
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

/// All that `own` brings, each path once: a program's own libraries before others.
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
        let (kind, rest) = WorkKind::of(text).context("not a workload of one's own")?;
        let mut record = WorkRecord { name: name.into(), ..WorkRecord::default() };
        let work = match kind {
            WorkKind::Command => {
                let (_, words) = ask::command(rest)?;
                record.command.clone_from(&words);
                record.expect_exit = expect_exit.filter(|code| *code != 0);
                // The program and what it brings are found when packages are known.
                Work::Command(CommandWork {
                    program: String::new(),
                    words,
                    expect_exit: expect_exit.unwrap_or(0),
                })
            }
            WorkKind::Calls => {
                let context = || format!("no workload {text:?}");
                let bytes = own::read(Path::new(rest)).with_context(context)?;
                record.sha256 = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
                record.bytes = bytes.len() as u64;
                let file = str::from_utf8(&bytes).map_err(|_| anyhow!("it is not UTF-8"));
                let read = file.and_then(|file| Ok(ask::sequence(file)?));
                Work::Calls(read.with_context(|| format!("failed to understand {rest}"))?)
            }
        };
        let told = serde_json::to_vec(&work).context("failed to render the workload")?;
        ensure!(told.len() <= LONGEST, "{text:?} is too long to be told a guest: {} bytes", told.len());
        Ok(Own { work, record, files: Vec::new() })
    }

    /// Finds a command's program: by path on this machine; by name in what is brought,
    /// in the guest, and on this machine.
    fn find(&mut self, brought: &[GuestFile], guest: &Userland) -> Result<()> {
        let Work::Command(command) = &mut self.work else { return Ok(()) };
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
            format!("there is no program {word:?}, neither in the guest nor here; --bring PACKAGE brings one")
        })?;
        let name = host.file_name().with_context(|| format!("{word:?} has no name"))?.to_string_lossy();
        let at = format!("{FOLDER}/{name}");
        self.files = program::collect_from_host(&host, &at)?;
        command.program = format!("/{at}");
        Ok(())
    }
}

/// The program `name` in one of the folders of $PATH.
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
    fn two_different_commands_need_two_names() {
        let works = read(&["cmd:true", "cmd:true", "cmd:more=true --help", "null-syscall"]).unwrap();
        let names: Vec<String> = works.records().into_iter().map(|record| record.name).collect();
        assert_eq!(names, ["cmd:more", "cmd:true"]);
        let error = read(&["cmd:true", "cmd:true --help"]).unwrap_err().to_string();
        assert!(error.contains("two different workloads are called cmd:true"), "{error}");
    }

    #[test]
    fn a_file_is_read_and_what_is_wrong_with_it_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.toml");
        fs::write(&file, "[[call]]\nsyscall = \"getpppid\"\n").unwrap();
        let text = format!("syscalls:{}", file.display());
        let error = format!("{:#}", read(&[&text]).unwrap_err());
        assert!(error.contains("a.toml: line 2: no system call \"getpppid\""), "{error}");
        fs::write(&file, "[[call]]\nsyscall = \"getppid\"\n").unwrap();
        let works = read(&[&text]).unwrap();
        assert!(matches!(works.of("syscalls:a.toml").unwrap(), Some(Work::Calls(_))));
        assert!(works.of("syscalls:b.toml").is_err() && works.of("null-syscall").unwrap().is_none());
        assert!(read(&["syscalls:nowhere/a.toml"]).is_err());
    }

    #[test]
    fn an_exit_code_is_for_commands() {
        let texts = ["null-syscall".to_string()];
        assert!(Works::read(&texts, &[], Some(1)).unwrap_err().to_string().contains("--expect-exit"));
    }
}
