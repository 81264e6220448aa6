//! Finds the programs of commands before a guest boots: in the payload, in the guest, or,
//! for a workload, on this machine. `start.rs` checks that the guest can start them.

use std::env;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use hookbench_model::custom_workload::CommandWorkload;
use hookbench_vm::cache::Cache;
use hookbench_vm::image::GuestFile;
use hookbench_vm::program::collect_from_host;
use hookbench_vm::tree::Found;
use hookbench_vm::userland::Userland;
use hookbench_workloads::custom::FOLDER;

use super::cannot_start::CannotStart;
use super::essential;
use super::payload::Payload;

/// Folders of the guest whose files hookbench does not know before it boots.
const FILLED_AT_BOOT: [&str; 5] = ["dev/", "proc/", "run/", "sys/", "tmp/"];

/// How many programs of the packages an error lists.
const SHOWN: usize = 8;

/// The program of a command.
pub(super) struct Program {
    /// Its path in the guest.
    pub(super) path: String,
    /// The program and its libraries, if they come from this machine.
    pub(super) files: Vec<GuestFile>,
}

/// Where to find programs, and how to add what they need.
pub(super) struct Search<'a> {
    /// The guest's own files.
    pub(super) guest: &'a Userland,
    /// The cache with the packages.
    pub(super) cache: &'a Cache,
    /// Tells the user where a program comes from.
    pub(super) progress: &'a dyn Fn(&str),
}

impl Search<'_> {
    /// Finds the program of a workload; `complete` adds what it needs to start. A path means a
    /// package that was asked for, this machine, then the guest. A name means the payload, the guest,
    /// then this machine.
    ///
    /// # Errors
    /// [`CannotStart`] when there is no such program.
    pub(super) fn workload(&self, command: &CommandWorkload, payload: &Payload) -> Result<Program> {
        let word = first(&command.words)?;
        let is_path = word.contains('/');
        let is_packaged = word.strip_prefix('/').is_some_and(|path| payload.owner(path).is_some());
        if is_path && Path::new(word).exists() && !is_packaged {
            return Self::take_from_host(Path::new(word));
        }
        if let Some(path) = self.in_guest(word, payload)? {
            return Ok(Program { path, files: Vec::new() });
        }
        match in_path(word).filter(|_| !is_path && !self.is_brought(word, payload)) {
            Some(host) => {
                (self.progress)(&format!("{word}: from this machine ({})", host.display()));
                Self::take_from_host(&host)
            }
            None => Err(self.missing(word, payload, "in the guest or on this machine")),
        }
    }

    /// Finds the program of a monitor, in the payload or in the guest; `complete` adds what it
    /// needs to start. hookbench brings a program that every Debian has.
    ///
    /// # Errors
    /// [`CannotStart`] when there is no such program; another error when a package cannot
    /// be downloaded.
    pub(super) fn monitor(&self, words: &[String], payload: &mut Payload) -> Result<Program> {
        let word = first(words)?;
        let path = match self.in_guest(word, payload)? {
            Some(path) => path,
            None => {
                let is_own = word.contains('/') || self.is_brought(word, payload);
                let package = if is_own { None } else { essential::package(word) };
                let package = package.ok_or_else(|| self.missing(word, payload, "in the guest"))?;
                self.bring(&[package], word, payload)?;
                self.in_guest(word, payload)?.ok_or_else(|| self.missing(word, payload, "in the guest"))?
            }
        };
        Ok(Program { path, files: Vec::new() })
    }

    /// Adds essential packages to the payload, which `wanted_by` needs.
    pub(super) fn bring(&self, packages: &[&str], wanted_by: &str, payload: &mut Payload) -> Result<()> {
        let list = packages.join(", ");
        (self.progress)(&format!("{wanted_by}: bringing {list}, which every Debian has"));
        payload.add(packages, self.cache, self.progress)
    }

    /// Takes a program of this machine, as a file in the command's folder.
    fn take_from_host(host: &Path) -> Result<Program> {
        let name = host.file_name().with_context(|| format!("{} has no file name", host.display()))?;
        let at = format!("{FOLDER}/{}", name.to_string_lossy());
        let files = collect_from_host(host, &at).map_err(|error| CannotStart(format!("{error:#}")))?;
        Ok(Program { path: format!("/{at}"), files })
    }

    /// Finds the program `word` in the payload and in the guest. Relative paths begin in
    /// the command's folder.
    fn in_guest(&self, word: &str, payload: &Payload) -> Result<Option<String>> {
        let tree = payload.tree(self.guest, &[]);
        let place = match word.strip_prefix('/') {
            Some(path) => Some(path.to_string()),
            None if word.contains('/') => Some(format!("{FOLDER}/{}", word.trim_start_matches("./"))),
            None => tree.place(word),
        };
        let Some(path) = place else { return Ok(None) };
        match tree.find(&path) {
            Found::File(_) => Ok(Some(format!("/{path}"))),
            Found::Dangling { link, target } => {
                let of = payload
                    .owner(&link)
                    .map_or(String::new(), |package| format!(" of the package {package}"));
                Err(CannotStart(format!(
                    "cannot start {word:?} in the guest: /{link}{of} is a link to {target}, which is not \
                     there; add the package that has it with --bring PACKAGE"
                ))
                .into())
            }
            Found::Nothing => {
                let is_later = FILLED_AT_BOOT.iter().any(|folder| path.starts_with(folder));
                Ok(is_later.then(|| format!("/{path}")))
            }
        }
    }

    /// Whether a file `name` is in the command's folder, which is not one of `$PATH`.
    fn is_brought(&self, name: &str, payload: &Payload) -> bool {
        matches!(payload.tree(self.guest, &[]).find(&format!("{FOLDER}/{name}")), Found::File(_))
    }

    /// Returns the error about a program that is nowhere.
    fn missing(&self, word: &str, payload: &Payload, places: &str) -> anyhow::Error {
        let name = word.rsplit('/').next().unwrap_or(word);
        let mut why = format!("no program {word:?} {places}");
        let in_folder = self.is_brought(name, payload);
        if in_folder {
            why += &format!("; a program that --bring PATH adds is started as cmd:./{name}");
        } else if word.contains('/') {
            why += "; --bring PATH adds a file or folder of this machine to the folder in which the command runs, \
                    so start it as cmd:./NAME";
        } else {
            why += &format!(
                "; add its package with --bring PACKAGE, or a file with --bring PATH and cmd:./{name}"
            );
        }
        let programs = payload.programs();
        if !programs.is_empty() && !in_folder {
            let more = programs.len().saturating_sub(SHOWN);
            let shown = programs[..programs.len().min(SHOWN)].join(", ");
            why += &format!("; the packages of --bring have {shown}");
            if more > 0 {
                why += &format!(" and {more} more");
            }
        }
        CannotStart(why).into()
    }
}

fn first(words: &[String]) -> Result<&str> {
    words.first().map(String::as_str).ok_or_else(|| CannotStart("the command is empty".into()).into())
}

/// Finds the program `name` in the folders of $PATH.
fn in_path(name: &str) -> Option<PathBuf> {
    let executable = |path: &PathBuf| {
        fs::metadata(path).is_ok_and(|is| is.is_file() && is.permissions().mode() & 0o111 != 0)
    };
    env::split_paths(&env::var_os("PATH")?).map(|folder| folder.join(name)).find(executable)
}
