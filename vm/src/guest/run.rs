//! Runs a guest from its start to its answer: a guest that boots, or one that
//! resumes from a snapshot.

use std::fs::File;
use std::os::fd::AsRawFd;
use std::sync::Arc;

use super::answer::understand;
use super::ending::{Answer, Error};
use super::fork_server::ForkServer;
use super::kvm;
use super::options::GuestOptions;
use super::orders::Orders;
use super::qmp;
use super::running::{Guest, LOOK_INTERVAL, Launch, MonitorUse};
use super::snapshot::Snapshot;
use crate::machine::arguments::Arguments;
use crate::machine::devices::OnStop;
use crate::machine::{Boot, Machine, MemoryWrites, memory_file};

/// How a guest begins.
#[derive(Clone, Copy)]
pub enum Start<'a> {
    /// It boots.
    Boot(Boot<'a>),
    /// It resumes from a snapshot.
    Restore(&'a Snapshot),
    /// It is a copy of a machine that waits for cells.
    Fork(&'a Arc<ForkServer>),
}

/// Runs a guest with these orders, and waits for its answer.
///
/// # Errors
/// See [`Error`]. The guest has ended in every case.
pub fn run(start: Start<'_>, orders: Orders<'_>, options: &GuestOptions<'_>) -> Result<Answer, Error> {
    let (guest, earlier_messages) = match start {
        Start::Boot(boot) => (self::boot(&boot, orders, options)?, &[][..]),
        Start::Restore(snapshot) => (restore(snapshot, orders, options)?, snapshot.messages()),
        Start::Fork(server) => (Guest::copy(server, orders, options, None)?, server.messages()),
    };
    let guest = wait(guest)?;
    understand(&[earlier_messages, &guest.messages()].concat(), guest.last_lines())
}

/// Waits until the guest has ended.
fn wait(mut guest: Guest<'_>) -> Result<Guest<'_>, Error> {
    loop {
        if let Some(status) = guest.look(LOOK_INTERVAL)? {
            guest.check_status(status)?;
            return Ok(guest);
        }
    }
}

fn boot<'a>(boot: &Boot<'_>, orders: Orders<'_>, options: &'a GuestOptions<'a>) -> Result<Guest<'a>, Error> {
    match options.machine {
        Machine::Kvm(machine) => kvm::boot(machine, boot, orders, options),
        Machine::Tcg(_) => {
            let launch = Launch {
                arguments: boot.arguments().append(plugin(options)),
                on_stop: OnStop::Ignore,
                monitor: MonitorUse::None,
                inherited: None,
                outlives_caller: false,
            };
            Guest::start(orders, options, launch)
        }
    }
}

/// Starts QEMU in the state of the snapshot. The host copies each page of memory
/// when the guest first writes to it.
fn restore<'a>(
    snapshot: &Snapshot,
    orders: Orders<'_>,
    options: &'a GuestOptions<'a>,
) -> Result<Guest<'a>, Error> {
    let path = snapshot.device_state();
    let device_state = File::open(&path).map_err(|error| Error::file(path, error))?;
    let commands = qmp::resume_commands(device_state.as_raw_fd());
    let memory = memory_file(&snapshot.memory(), options.machine.memory_mib(), MemoryWrites::Private);
    let launch = Launch {
        arguments: memory.option("-incoming", "defer").append(plugin(options)),
        on_stop: OnStop::Ignore,
        monitor: MonitorUse::Write,
        inherited: Some(device_state.into()),
        outlives_caller: false,
    };
    let mut guest = Guest::start(orders, options, launch)?;
    guest.write_commands(&commands);
    guest.set_earlier_console(snapshot.console());
    Ok(guest)
}

/// The arguments that load the plugin, if there is one.
fn plugin(options: &GuestOptions<'_>) -> Arguments {
    options.plugin.map(|plugin| plugin.arguments()).unwrap_or_default()
}
