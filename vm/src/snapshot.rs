//! A guest that has booted and stopped itself, kept so that each cell goes on
//! from there: its memory as a file, the state of its devices, and what it said
//! until then.

use std::fs;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result};
use hookbench_model::protocol::AgentMessage;
use serde_json::json;

use crate::answer;
use crate::args::{self, Memory, Stops};
use crate::cache::{Cache, Kind, Lease, Lock, Wanted};
use crate::copy::copy_file;
use crate::device::{self, PATIENCE};
use crate::digest;
use crate::guest::{self, Boot, Error, Guest, LOOK, Start, Terms};
use crate::kernel::Kernel;
use crate::qmp::{Qmp, Silence};
use crate::scratch::Scratch;

/// Goes up when what is kept, or the way to it, changes.
const FORMAT: u32 = 3;

const MEMORY: &str = "memory";
const DEVICE: &str = "device";
const SAID: &str = "said";
const CONSOLE: &str = "console";

/// So many looks until one whose monitor is silent counts as alive.
const GONE: u32 = 50;

/// A guest that goes on from here any number of times.
#[derive(Debug, Clone)]
pub struct Snapshot {
    place: Place,
    said: Vec<u8>,
    console: Vec<u8>,
}

/// Where its files are.
#[derive(Debug, Clone)]
enum Place {
    /// In the cache, for all runs.
    Cache(Lease),
    /// In a folder of this process, as long as that lives: the cache cannot be
    /// written.
    Own(Arc<Scratch>),
    /// In a folder where it is made.
    Made(PathBuf),
}

impl Place {
    fn file(&self, name: &str) -> PathBuf {
        match self {
            Place::Cache(lease) => lease.file(name),
            Place::Own(scratch) => scratch.path().join(name),
            Place::Made(folder) => folder.join(name),
        }
    }
}

/// Everything that a snapshot depends on.
#[derive(Debug, Clone, Copy)]
pub struct Recipe<'a> {
    /// What boots.
    pub kernel: &'a Kernel,
    /// The initramfs.
    pub image: &'a Path,
    /// Its SHA-256.
    pub image_sha256: &'a str,
    /// The kernel's command line.
    pub boot_line: &'a str,
    /// QEMU's version, as it says it.
    pub qemu: &'a str,
}

impl Recipe<'_> {
    /// The name of the snapshot in the cache.
    fn key(&self, terms: &Terms<'_>) -> String {
        key(self.qemu, (terms.cpus, terms.memory_mib), &self.kernel.sha256, self.image_sha256, self.boot_line)
    }
}

fn key(
    qemu: &str,
    (cpus, memory): (u16, u32),
    kernel_sha256: &str,
    image_sha256: &str,
    boot_line: &str,
) -> String {
    let machine: Vec<String> =
        args::machine(cpus, memory).iter().map(|argument| argument.to_string_lossy().into_owned()).collect();
    let all = json!([FORMAT, qemu, machine, kernel_sha256, image_sha256, boot_line, memory]).to_string();
    digest::sha256(all.as_bytes())[..32].to_string()
}

impl Snapshot {
    /// The cached snapshot, or else one that is made now.
    ///
    /// # Errors
    /// When the guest does not come to where it stops ([`Error`] is then in the
    /// chain), or the cache cannot be written.
    pub fn obtain(
        recipe: &Recipe<'_>,
        cache: &Cache,
        terms: &Terms<'_>,
        progress: &dyn Fn(&str),
    ) -> Result<Snapshot> {
        let key = recipe.key(terms);
        let wanted = Wanted { kind: Kind::SNAPSHOTS, key: &key, source: "" };
        let place = if cache.is_writable() {
            let make = |_: &Lock, folder: &Path| {
                progress(&format!("booting {}", recipe.kernel.name));
                make(recipe, folder, terms)?;
                Ok(format!("{} with {}", recipe.kernel.version, recipe.boot_line))
            };
            Place::Cache(cache.obtain(&wanted, progress, make)?)
        } else {
            // Not where guests' files are: that is memory, as a rule, and this is large.
            let scratch = Scratch::below(&std::env::temp_dir())?;
            match cache.find(&wanted, progress) {
                Some(lease) => copy(&lease, scratch.path())?,
                None => make(recipe, scratch.path(), terms)?,
            }
            Place::Own(Arc::new(scratch))
        };
        Snapshot::read(place).context("failed to read the snapshot of a guest")
    }

    fn read(place: Place) -> Result<Snapshot, Error> {
        let read = |name: &str| {
            let path = place.file(name);
            fs::read(&path).map_err(|error| Error::File { path, error })
        };
        let (said, console) = (read(SAID)?, read(CONSOLE)?);
        Ok(Snapshot { place, said, console })
    }

    /// What it said before it was stopped.
    pub(crate) fn said(&self) -> &[u8] {
        &self.said
    }

    /// What its console had shown.
    pub(crate) fn console(&self) -> &[u8] {
        &self.console
    }

    /// The file of its memory.
    pub(crate) fn memory(&self) -> PathBuf {
        self.place.file(MEMORY)
    }

    /// The file of its devices' state.
    pub(crate) fn device(&self) -> PathBuf {
        self.place.file(DEVICE)
    }
}

/// Copies a snapshot into `folder`: QEMU opens the file of a guest's memory for
/// writing, also where it writes nothing to it.
fn copy(lease: &Lease, folder: &Path) -> Result<(), Error> {
    for name in [MEMORY, DEVICE, SAID, CONSOLE] {
        copy_file(&lease.file(name), &folder.join(name))
            .map_err(|error| file_error(folder.join(name), error))?;
    }
    Ok(())
}

fn file_error(path: PathBuf, error: io::Error) -> Error {
    if error.kind() == io::ErrorKind::StorageFull {
        no_room(path.parent().unwrap_or(&path))
    } else {
        Error::File { path, error }
    }
}

/// Boots a guest until it stops itself, and writes what it is into `folder`.
fn make(recipe: &Recipe<'_>, folder: &Path, terms: &Terms<'_>) -> Result<(), Error> {
    let boot = Boot { vmlinux: &recipe.kernel.vmlinux, image: recipe.image, boot_line: recipe.boot_line };
    let mut arguments = args::boot_of(&boot);
    arguments.extend(args::memory(&folder.join(MEMORY), terms.memory_mib, Memory::Shared));
    arguments.extend(["-qmp".into(), "stdio".into()]);
    let mut guest = Guest::start(b"", terms, Stops::Here, arguments, Stdio::piped(), None)?;
    match keep(&mut guest, folder) {
        // One that is gone does not answer; why it is gone tells more.
        Err(error @ Error::Qemu { .. }) => Err(ended(&mut guest, folder).unwrap_or(error)),
        // It has stopped: what it would do next is not wanted.
        kept => kept,
    }?;
    drop(guest);
    still(folder, terms)
}

/// Takes out of the snapshot in `folder` what the clock ran on between the guest's
/// stop and QEMU's noticing: on a busy machine that is up to a tick, and everything
/// after would be shifted by it. The guest knows it when it goes on; a tick that it
/// handles at once is part of what it says, until the clock is right.
fn still(folder: &Path, terms: &Terms<'_>) -> Result<(), Error> {
    let device = folder.join(DEVICE);
    for _ in 0..5 {
        let snapshot = Snapshot::read(Place::Made(folder.into()))?;
        let answer = guest::run(Start::Restore(&snapshot), b"", &Terms { console: None, ..*terms })?;
        let jumped = match answer.last {
            AgentMessage::Stopped { jumped: 0 } => return Ok(()),
            AgentMessage::Stopped { jumped } => jumped,
            _ => return Err(Error::Agent { answer: Box::new(answer) }),
        };
        let state = fs::read(&device).map_err(|error| file_error(device.clone(), error))?;
        write(&device, &device::set_back(state, jumped)?)?;
    }
    Err(Error::Qemu { message: "the clock of its snapshot cannot be set to when it stopped".into() })
}

/// Waits until the guest has stopped, and writes what it is into `folder`.
fn keep(guest: &mut Guest<'_>, folder: &Path) -> Result<(), Error> {
    let (Some(commands), Some(answers)) = (guest.process.qemu.stdin.take(), guest.process.qemu.stdout.take())
    else {
        return Err(Error::Qemu { message: "its monitor has no pipes".into() });
    };
    let mut qmp = Qmp::new(commands, answers);
    qmp.command("qmp_capabilities", &json!({}), PATIENCE).map_err(|message| Error::Qemu { message })?;
    wait_for_stop(guest, &qmp)?;
    let device = device::save(&mut qmp, &folder.join(DEVICE), &guest.complaints())?;
    write(&folder.join(DEVICE), &device)?;
    write(&folder.join(SAID), &guest.said())?;
    write(&folder.join(CONSOLE), &guest.console())
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    fs::write(path, bytes).map_err(|error| file_error(path.into(), error))
}

fn no_room(folder: &Path) -> Error {
    // A folder that is being made is in the one that people know.
    Error::NoRoom { path: folder.parent().unwrap_or(folder).into() }
}

fn wait_for_stop(guest: &mut Guest<'_>, qmp: &Qmp) -> Result<(), Error> {
    loop {
        match qmp.line(LOOK) {
            Ok(line) if line["event"] == "STOP" => return Ok(()),
            Ok(_) => {}
            Err(Silence::Yet) => {
                guest.look(Duration::ZERO)?;
            }
            Err(Silence::Ever) => return Err(Error::Qemu { message: "its monitor ended".into() }),
        }
    }
}

/// Why a guest ended before its snapshot was made, if it did.
fn ended(guest: &mut Guest<'_>, folder: &Path) -> Option<Error> {
    let status = match (0..GONE).find_map(|_| guest.look(LOOK).transpose())? {
        Ok(status) => status,
        Err(error) => return Some(error),
    };
    if status.signal() == Some(libc::SIGBUS) {
        return Some(no_room(folder));
    }
    let understood = || {
        guest.ended_well(status)?;
        answer::understand(&guest.said(), guest.last_lines())
    };
    Some(match understood() {
        Ok(answer) => Error::Agent { answer: Box::new(answer) },
        Err(error) => error,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn a_snapshot_of_another_qemu_kernel_image_or_boot_line_is_another() {
        let keys = [
            key("QEMU 7.2", (1, 256), "kernel", "image", "quiet"),
            key("QEMU 7.2", (2, 256), "kernel", "image", "quiet"),
            key("QEMU 7.2", (1, 512), "kernel", "image", "quiet"),
            key("QEMU 7.3", (1, 256), "kernel", "image", "quiet"),
            key("QEMU 7.2", (1, 256), "kernem", "image", "quiet"),
            key("QEMU 7.2", (1, 256), "kernel", "imagf", "quiet"),
            key("QEMU 7.2", (1, 256), "kernel", "image", "quiet audit=0"),
            key("QEMU 7.2", (1, 256), "kerneli", "mage", "quiet"),
        ];
        assert_eq!(keys.iter().collect::<BTreeSet<_>>().len(), keys.len());
        assert_eq!(keys[0], key("QEMU 7.2", (1, 256), "kernel", "image", "quiet"));
    }
}
