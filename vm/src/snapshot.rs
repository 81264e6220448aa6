//! A guest that has booted and stopped itself, kept so that each cell goes on
//! from there: its memory as a file, the state of its devices, and what it said
//! until then.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use hookbench_results::protocol::AgentMessage;
use serde_json::json;

use crate::args::{self, Memory, Stops};
use crate::cache::{Cache, Kind, Lease, Lock, Wanted};
use crate::digest;
use crate::guest::{self, Boot, Error, Guest, LOOK, Start, Terms};
use crate::kernel::Kernel;
use crate::qmp::{self, Qmp, Silence};

/// Goes up when what is kept, or the way to it, changes.
const FORMAT: u32 = 2;

const MEMORY: &str = "memory";
const DEVICE: &str = "device";
const SAID: &str = "said";
const CONSOLE: &str = "console";

/// A device state is some 40 KB; an answer to a command comes at once.
const PATIENCE: Duration = Duration::from_secs(60);

/// A guest that goes on from here any number of times.
#[derive(Debug, Clone)]
pub struct Snapshot {
    folder: PathBuf,
    /// Keeps it in the cache; nothing while it is made.
    _lease: Option<Lease>,
    said: Vec<u8>,
    console: Vec<u8>,
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
    fn key(&self) -> String {
        let machine: Vec<String> =
            args::machine().iter().map(|argument| argument.to_string_lossy().into_owned()).collect();
        let all = json!([
            FORMAT,
            self.qemu,
            machine,
            self.kernel.sha256,
            self.image_sha256,
            self.boot_line,
            args::MEMORY_MIB
        ]);
        digest::sha256(all.to_string().as_bytes())[..32].to_string()
    }
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
        let key = recipe.key();
        let wanted = Wanted { kind: Kind::SNAPSHOTS, key: &key, source: "" };
        let make = |_: &Lock, folder: &Path| {
            progress(&format!("booting {}", recipe.kernel.name));
            make(recipe, folder, terms)?;
            Ok(format!("{} with {}", recipe.kernel.version, recipe.boot_line))
        };
        let lease = cache.obtain(&wanted, progress, make)?;
        let read = Snapshot::read(lease.folder(), Some(lease.clone()));
        read.with_context(|| format!("failed to read the snapshot in {}", lease.folder().display()))
    }

    fn read(folder: &Path, lease: Option<Lease>) -> Result<Snapshot, Error> {
        let read = |name: &str| {
            let path = folder.join(name);
            fs::read(&path).map_err(|error| Error::File { path, error })
        };
        let (said, console) = (read(SAID)?, read(CONSOLE)?);
        Ok(Snapshot { folder: folder.into(), _lease: lease, said, console })
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
        self.folder.join(MEMORY)
    }

    /// The file of its devices' state.
    pub(crate) fn device(&self) -> PathBuf {
        self.folder.join(DEVICE)
    }
}

/// Boots a guest until it stops itself, and writes what it is into `folder`.
fn make(recipe: &Recipe<'_>, folder: &Path, terms: &Terms<'_>) -> Result<(), Error> {
    let boot = Boot { vmlinux: &recipe.kernel.vmlinux, image: recipe.image, boot_line: recipe.boot_line };
    let mut arguments = args::boot_of(&boot);
    arguments.extend(args::memory(&folder.join(MEMORY), Memory::Shared));
    arguments.extend(["-qmp".into(), "stdio".into()]);
    let mut guest = Guest::start(b"", terms, Stops::Here, arguments, std::process::Stdio::piped(), None)?;
    let (Some(commands), Some(answers)) = (guest.process.qemu.stdin.take(), guest.process.qemu.stdout.take())
    else {
        return Err(Error::Qemu { message: "its monitor has no pipes".into() });
    };
    let mut qmp = Qmp::new(commands, answers);
    qmp.command("qmp_capabilities", &json!({}), PATIENCE).map_err(failed)?;
    wait_for_stop(&mut guest, &qmp)?;
    let device = save(&mut qmp, &folder.join(DEVICE))?;
    write(&folder.join(DEVICE), &running(device)?)?;
    write(&folder.join(SAID), &guest.said())?;
    write(&folder.join(CONSOLE), &guest.console())?;
    // It has stopped: what it would do next is not wanted.
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
        let snapshot = Snapshot::read(folder, None)?;
        let answer = guest::run(Start::Restore(&snapshot), b"", &Terms { console: None, ..*terms })?;
        let jumped = match answer.last {
            AgentMessage::Stopped { jumped: 0 } => return Ok(()),
            AgentMessage::Stopped { jumped } => jumped,
            _ => return Err(Error::Agent { answer: Box::new(answer) }),
        };
        let state = fs::read(&device).map_err(|error| Error::File { path: device.clone(), error })?;
        write(&device, &set_back(state, jumped)?)?;
    }
    Err(failed("the clock of its snapshot cannot be set to when it stopped".into()))
}

fn failed(message: String) -> Error {
    Error::Qemu { message }
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    fs::write(path, bytes).map_err(|error| Error::File { path: path.into(), error })
}

fn wait_for_stop(guest: &mut Guest<'_>, qmp: &Qmp) -> Result<(), Error> {
    loop {
        match qmp.line(LOOK) {
            Ok(line) if line["event"] == "STOP" => return Ok(()),
            Ok(_) => {}
            Err(Silence::Yet) => {
                guest.look(Duration::ZERO)?;
            }
            Err(Silence::Ever) => return Err(ended_early(guest)),
        }
    }
}

/// Why a guest ended before it stopped for its snapshot.
fn ended_early(guest: &mut Guest<'_>) -> Error {
    let status = loop {
        match guest.look(LOOK) {
            Ok(Some(status)) => break status,
            Ok(None) => {}
            Err(error) => return error,
        }
    };
    let understood = || {
        guest.ended_well(status)?;
        crate::answer::understand(&guest.said(), crate::answer::last_lines(&guest.console()))
    };
    match understood() {
        Ok(answer) => Error::Agent { answer: Box::new(answer) },
        Err(error) => error,
    }
}

/// Has QEMU write the state of the devices to `path`, and returns it.
fn save(qmp: &mut Qmp, path: &Path) -> Result<Vec<u8>, Error> {
    let mut command = |name: &str, arguments| qmp.command(name, &arguments, PATIENCE).map_err(failed);
    command("migrate-set-capabilities", qmp::ignore_shared())?;
    // By default it sends 128 MiB a second, in steps of a tenth of one.
    command("migrate-set-parameters", json!({"max-bandwidth": 1u64 << 40}))?;
    // QEMU 7.2 writes files only through a shell; the path is in its environment.
    command("migrate", json!({"uri": format!("exec:cat > {}", quoted(path))}))?;
    loop {
        let state = command("query-migrate", json!({}))?;
        match state["status"].as_str() {
            Some("completed") => break,
            Some("failed" | "cancelled") | None => {
                return Err(failed(format!(
                    "the state of its devices could not be written to {}",
                    path.display()
                )));
            }
            Some(_) => std::thread::sleep(Duration::from_millis(2)),
        }
    }
    fs::read(path).map_err(|error| Error::File { path: path.into(), error })
}

/// `path` as one word of a shell.
fn quoted(path: &Path) -> String {
    format!("'{}'", path.to_string_lossy().replace('\'', r"'\''"))
}

/// The run state as it is in a device state: the length of its field, its name,
/// and a hundred bytes in all.
const STOPPED: &[u8] = b"\0\0\0\x0fguest-panicked\0";
const RUNNING: &[u8] = b"\0\0\0\x08running\0\0\0\0\0\0\0\0";

/// The same state of devices, of a guest that was running: it then goes on by
/// itself, as soon as it is restored.
fn running(mut device: Vec<u8>) -> Result<Vec<u8>, Error> {
    let mut places = device.windows(STOPPED.len()).enumerate().filter(|(_, bytes)| *bytes == STOPPED);
    let (Some((place, _)), None) = (places.next(), places.next()) else {
        return Err(failed("its snapshot does not say once that it stopped; is this QEMU known?".into()));
    };
    device[place..place + RUNNING.len()].copy_from_slice(RUNNING);
    Ok(device)
}

/// Before the difference between the guest's clock and the instructions that it has
/// executed, in the state of QEMU's timers: a 64-bit number, as all in it big endian.
const CLOCK: &[u8] = b"\x0ctimer/icount\0\0\0\x01";

/// The same state of devices, whose clock is `jumped` earlier.
fn set_back(mut device: Vec<u8>, jumped: i64) -> Result<Vec<u8>, Error> {
    let unknown = || failed("its snapshot does not say what its clock is; is this QEMU known?".into());
    let begin = device.windows(CLOCK.len()).position(|bytes| bytes == CLOCK).ok_or_else(unknown)?;
    let begin = begin + CLOCK.len();
    let field = device.get_mut(begin..begin + 8).ok_or_else(unknown)?;
    let bias = i64::from_be_bytes(field.try_into().map_err(|_| unknown())?);
    field.copy_from_slice(&bias.wrapping_sub(jumped).to_be_bytes());
    Ok(device)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stopped_guest_is_made_a_running_one_and_nothing_else_changes() {
        assert_eq!(STOPPED.len(), RUNNING.len());
        let before = [b"head", STOPPED, b"tail"].concat();
        assert_eq!(running(before).unwrap(), [b"head", RUNNING, b"tail"].concat());
        for wrong in [b"".to_vec(), [STOPPED, STOPPED].concat()] {
            assert!(running(wrong).is_err());
        }
    }

    #[test]
    fn a_clock_is_set_back_and_nothing_else_changes() {
        let state = |bias: i64| [b"head", CLOCK, &bias.to_be_bytes(), b"tail"].concat();
        assert_eq!(set_back(state(5), 3).unwrap(), state(2));
        assert_eq!(set_back(state(0), 3).unwrap(), state(-3));
        for wrong in [b"".to_vec(), CLOCK.to_vec()] {
            assert!(set_back(wrong, 3).is_err());
        }
    }

    #[test]
    fn a_path_is_one_word_of_a_shell() {
        assert_eq!(quoted(Path::new("/a b/c'd")), r"'/a b/c'\''d'");
    }
}
