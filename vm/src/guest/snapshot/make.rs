//! Makes a snapshot: boots a guest until it stops itself, writes its state to
//! files, and corrects its clock.

use std::fs;
use std::io;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use hookbench_model::protocol::AgentMessage;
use rustix::process::Signal;

use super::recipe::Recipe;
use super::stored::{CONSOLE, DEVICE_STATE, Location, MEMORY, MESSAGES, Snapshot};
use crate::guest::answer;
use crate::guest::device_state::{self, PATIENCE};
use crate::guest::ending::Error;
use crate::guest::options::GuestOptions;
use crate::guest::orders::Orders;
use crate::guest::qmp::{NoLine, Qmp};
use crate::guest::run::{Start, run};
use crate::guest::running::{Guest, LOOK_INTERVAL, Launch, MonitorUse};
use crate::machine::devices::OnStop;
use crate::machine::{Boot, MemoryWrites, memory_file};

/// How long hookbench waits for the end of a QEMU that does not answer, to learn
/// the reason.
const END_PATIENCE: Duration = Duration::from_secs(1);

/// How often hookbench tries to correct the clock of a snapshot.
const CLOCK_TRIES: usize = 5;

/// Boots a guest until it stops itself, and writes its state into `folder`.
///
/// # Errors
/// When the guest does not stop, or a file cannot be written.
pub(super) fn make(recipe: &Recipe<'_>, folder: &Path, options: &GuestOptions<'_>) -> Result<(), Error> {
    let boot = Boot { vmlinux: &recipe.kernel.vmlinux, image: recipe.image, boot_line: recipe.boot_line };
    let memory = memory_file(&folder.join(MEMORY), options.machine.memory_mib(), MemoryWrites::ToFile);
    let launch = Launch {
        arguments: boot.arguments().append(memory),
        on_stop: OnStop::Pause,
        monitor: MonitorUse::Converse,
        inherited: None,
        outlives_caller: false,
    };
    let mut guest = Guest::start(Orders::default(), options, launch)?;
    match save(&mut guest, folder) {
        // If QEMU has ended, the reason of its end tells more than its silence.
        Err(error @ Error::Qemu { .. }) => Err(end_reason(&mut guest, folder).unwrap_or(error)),
        saved => saved,
    }?;
    // The guest has stopped, and must not run any further.
    drop(guest);
    correct_clock(folder, options)
}

/// Waits until the guest has stopped, and writes its state into `folder`.
fn save(guest: &mut Guest<'_>, folder: &Path) -> Result<(), Error> {
    let mut qmp = guest.connect(PATIENCE)?;
    wait_for_stop(guest, &qmp)?;
    let path = folder.join(DEVICE_STATE);
    let state = device_state::save(&mut qmp, &path, &guest.qemu_errors())?;
    write(&path, &state)?;
    write(&folder.join(MESSAGES), &guest.messages())?;
    write(&folder.join(CONSOLE), &guest.console())
}

fn wait_for_stop(guest: &mut Guest<'_>, qmp: &Qmp) -> Result<(), Error> {
    loop {
        match qmp.next_line(LOOK_INTERVAL) {
            Ok(line) if line["event"] == "STOP" => return Ok(()),
            Ok(_) => {}
            Err(NoLine::Timeout) => {
                guest.look(Duration::ZERO)?;
            }
            Err(NoLine::Closed) => return Err(Error::qemu("its monitor ended")),
        }
    }
}

/// Sets the clock of the snapshot in `folder` back to when the guest stopped.
///
/// QEMU notices the stop late: on a busy machine the clock has run on by up to a
/// tick, which would shift everything after. The guest measures the jump when it
/// resumes. A tick that the guest handles at once is part of what it reports,
/// until the clock is right.
fn correct_clock(folder: &Path, options: &GuestOptions<'_>) -> Result<(), Error> {
    let path = folder.join(DEVICE_STATE);
    for _ in 0..CLOCK_TRIES {
        let snapshot = Snapshot::read(Location::Unfinished(folder.into()))?;
        let answer =
            run(Start::Restore(&snapshot), Orders::default(), &GuestOptions { console: None, ..*options })?;
        let jumped = match answer.last {
            AgentMessage::Stopped { jumped: 0 } => return Ok(()),
            AgentMessage::Stopped { jumped } => jumped,
            _ => return Err(Error::Agent { answer: Box::new(answer) }),
        };
        let state = fs::read(&path).map_err(|error| file_error(path.clone(), error))?;
        write(&path, &device_state::set_clock_back(state, jumped)?)?;
    }
    Err(Error::qemu(format!("the clock of its snapshot still jumps after {CLOCK_TRIES} corrections")))
}

/// Returns why a guest ended before its snapshot was made, if it ended.
fn end_reason(guest: &mut Guest<'_>, folder: &Path) -> Option<Error> {
    let status = match guest.wait_for_end(END_PATIENCE)? {
        Ok(status) => status,
        Err(error) => return Some(error),
    };
    if status.signal() == Some(Signal::BUS.as_raw()) {
        return Some(no_room(folder));
    }
    let understood =
        guest.check_status(status).and_then(|()| answer::understand(&guest.messages(), guest.last_lines()));
    Some(match understood {
        Ok(answer) => Error::Agent { answer: Box::new(answer) },
        Err(error) => error,
    })
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    fs::write(path, bytes).map_err(|error| file_error(path.into(), error))
}

/// Returns the error of a file of a snapshot. A full disk has an error of its own.
pub(super) fn file_error(path: PathBuf, error: io::Error) -> Error {
    if error.kind() == io::ErrorKind::StorageFull {
        no_room(path.parent().unwrap_or(&path))
    } else {
        Error::file(path, error)
    }
}

fn no_room(folder: &Path) -> Error {
    // Users know the parent of the folder in which a snapshot is made.
    Error::NoRoom { path: folder.parent().unwrap_or(folder).into() }
}
