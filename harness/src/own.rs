//! Monitors of a user's own as they are asked for, `bpf:PATH/NAME.o`: named, read, and
//! packed for a guest. How they are attached is known in the guest alone.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use hookbench_probes::own::{COMMAND, Command, FOLDER};
use hookbench_results::environment::OwnRecord;
use hookbench_results::{MonitorName, OwnKind};
use hookbench_vm::brought;
use hookbench_vm::image::{Content, GuestFile};
use hookbench_vm::kernel::Kernel;
use regex_lite::Regex;
use sha2::{Digest, Sha256};

/// No object or file of rules is larger.
const LARGEST: u64 = 64 << 20;

/// What is asked for beside the monitors themselves.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct With {
    /// What commands have to write before they count as ready.
    pub ready: Option<String>,
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
pub struct Owns(BTreeMap<MonitorName, Own>);

/// The name in cells of what is asked for as `text`; `None` when that is one of ours.
///
/// # Errors
/// When it is of a kind and can be no name.
pub fn name(text: &str) -> Result<Option<MonitorName>> {
    let Some((kind, rest)) = OwnKind::of(text) else { return Ok(None) };
    let name = match kind {
        OwnKind::Bpf | OwnKind::Audit => file_name(rest),
        OwnKind::Command => &command(rest)?.0,
    };
    let name = format!("{}:{name}", kind.prefix());
    Ok(Some(name.parse().with_context(|| format!("{text:?} cannot be a monitor"))?))
}

fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or_default()
}

/// The name and the words of `COMMAND` or `NAME=COMMAND`.
fn command(text: &str) -> Result<(String, Vec<String>)> {
    let named = text.split_once('=').filter(|(name, _)| {
        !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.'))
    });
    let (name, line) = named.map_or((None, text), |(name, line)| (Some(name), line));
    let words = shlex::split(line).with_context(|| format!("quotes are left open in {line:?}"))?;
    let Some(program) = words.first() else { bail!("there is no command in {text:?}") };
    Ok((name.map_or_else(|| file_name(program).into(), String::from), words))
}

/// The parts of a list on the command line, of which commands are no lists.
pub(crate) fn split(lists: &[String]) -> Vec<String> {
    let command = |list: &str| matches!(OwnKind::of(list), Some((OwnKind::Command, _)));
    let parts = |list: &String| match command(list) {
        true => vec![list.clone()],
        false => list.split(',').map(String::from).collect(),
    };
    lists.iter().flat_map(parts).collect()
}

impl Owns {
    /// Reads those of `texts` that are not ours.
    ///
    /// # Errors
    /// When a file cannot be read, or two different ones have the same name.
    pub fn read<'a>(texts: impl IntoIterator<Item = &'a String>, with: &With) -> Result<Owns> {
        let mut owns = Owns::default();
        for text in texts {
            let Some(name) = name(text)? else { continue };
            let own = Own::read(&name, text, with)?;
            let had = owns.0.insert(name.clone(), own.clone());
            ensure!(
                had.is_none_or(|had| had == own),
                "two different monitors are called {name}; rename one{}",
                if name.mechanism() == "cmd" { ", as in cmd:NAME=COMMAND" } else { "" }
            );
        }
        Ok(owns)
    }

    /// What is recorded of them.
    pub(crate) fn records(&self) -> Vec<OwnRecord> {
        self.0.values().map(|own| own.record.clone()).collect()
    }

    /// Packs what `name` brings to a guest of `kernel` into an archive in `folder`;
    /// `None` when it is none of these.
    ///
    /// # Errors
    /// When there is no such monitor here, or the archive cannot be written.
    pub(crate) fn pack(&self, name: &MonitorName, kernel: &Kernel, folder: &Path) -> Result<Option<PathBuf>> {
        let Some((_, file)) = name.own() else { return Ok(None) };
        let own = self.0.get(name).with_context(|| {
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
                vec![in_folder(COMMAND, serde_json::to_vec(command).context("failed to render the command")?)]
            }
        };
        files.extend(config(kernel)?);
        let archive = folder.join("own");
        brought::pack(&files, &archive)?;
        Ok(Some(archive))
    }
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
        let mut record = OwnRecord { monitor: name.to_string(), ..OwnRecord::default() };
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
                let bytes = serde_json::to_vec(&command).context("failed to render the command")?;
                (What::Command(command), bytes)
            }
        };
        record.sha256 = Sha256::digest(&bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        record.bytes = bytes.len() as u64;
        Ok(Own { what, record })
    }
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

    fn strings(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|text| text.to_string()).collect()
    }

    #[test]
    fn one_s_own_is_called_by_its_file_or_its_program() {
        for (text, named) in [
            ("bpf:a/b/x.bpf.o", "bpf:x.bpf.o"),
            ("audit:/etc/stig.rules", "audit:stig.rules"),
            ("cmd:/usr/bin/bpftrace -e 'a, b'", "cmd:bpftrace"),
            ("cmd:opens=bpftrace -e 'x=1'", "cmd:opens"),
        ] {
            assert_eq!(name(text).unwrap().unwrap().to_string(), named);
        }
        assert_eq!(name("bpf-lsm+count").unwrap(), None);
        for wrong in ["bpf:a.c", "bpf:a/", "cmd:", "cmd:'open", "audit:a b.rules", "cmd:a b=c"] {
            let named = name(wrong).map(|name| name.map(|name| name.to_string()));
            assert!(named.is_err() || wrong == "cmd:a b=c", "{wrong}: {named:?}");
        }
    }

    #[test]
    fn a_command_is_no_list() {
        let lists = strings(&["none,bpf:a.o", "cmd:a,b"]);
        assert_eq!(split(&lists), ["none", "bpf:a.o", "cmd:a,b"]);
    }

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
        assert_eq!((owns.records()[0].monitor.as_str(), owns.records()[0].bytes), ("bpf:a.o", 1));
        let error = read(&[&one, &other]).unwrap_err().to_string();
        assert!(error.contains("two different monitors are called bpf:a.o"), "{error}");
        let missing = format!("{:#}", read(&[&"bpf:nowhere/a.o".to_string()]).unwrap_err());
        assert!(missing.contains("no monitor") && missing.contains("nowhere/a.o"), "{missing}");
    }
}
