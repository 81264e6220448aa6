//! Boots a guest under KVM. The guest's CPU is a thread of QEMU. hookbench pins
//! the thread to a CPU of the host before the guest's first instruction.

use std::time::Duration;

use rustix::process::Pid;
use serde_json::json;

use super::ending::Error;
use super::options::GuestOptions;
use super::orders::Orders;
use super::pinning::pin;
use super::qmp::Qmp;
use super::running::{Guest, Launch, MonitorUse};
use crate::machine::devices::OnStop;
use crate::machine::{Boot, Kvm};

/// How long hookbench waits for the end of a QEMU that does not answer, to learn
/// the reason.
const END_PATIENCE: Duration = Duration::from_secs(5);

/// Boots a guest on `machine`, with its CPU pinned.
///
/// # Errors
/// When QEMU ends, as it does where KVM does not work, with what QEMU reported.
pub(super) fn boot<'a>(
    machine: Kvm,
    boot: &Boot<'_>,
    orders: Orders<'_>,
    options: &'a GuestOptions<'a>,
) -> Result<Guest<'a>, Error> {
    let launch = Launch {
        arguments: boot.arguments().flag("-S"),
        on_stop: OnStop::Ignore,
        monitor: MonitorUse::Converse,
        inherited: None,
        outlives_caller: false,
    };
    let mut guest = Guest::start(orders, options, launch)?;
    match pin_and_continue(&mut guest, machine.host_cpu, options.budget) {
        Ok(qmp) => {
            guest.keep_connection(qmp);
            Ok(guest)
        }
        // If QEMU has ended, the reason of its end tells more than its silence.
        Err(error) => Err(end_reason(&mut guest).unwrap_or(error)),
    }
}

/// Pins the thread of the guest's CPU, and lets the guest run.
fn pin_and_continue(guest: &mut Guest<'_>, host_cpu: u32, timeout: Duration) -> Result<Qmp, Error> {
    let mut qmp = guest.connect(timeout)?;
    let cpus = qmp.command("query-cpus-fast", &json!({}), timeout)?;
    let thread = cpus[0]["thread-id"].as_i64().and_then(|thread| i32::try_from(thread).ok());
    let thread = thread.filter(|thread| *thread > 0).and_then(Pid::from_raw);
    let thread = thread.ok_or_else(|| Error::qemu("QEMU did not name the thread of the guest's CPU"))?;
    pin(Some(thread), host_cpu as usize).map_err(|error| {
        Error::qemu(format!("failed to pin the guest's CPU to CPU {host_cpu} of this machine: {error}"))
    })?;
    qmp.command("cont", &json!({}), timeout)?;
    Ok(qmp)
}

/// Returns why QEMU ended, if it ends now.
fn end_reason(guest: &mut Guest<'_>) -> Option<Error> {
    match guest.wait_for_end(END_PATIENCE)? {
        Ok(status) => guest.check_status(status).err(),
        Err(error) => Some(error),
    }
}
