//! A guest under KVM. Its CPU is a thread of QEMU's, which is put onto a CPU of the
//! host's before the guest's first instruction. What it says, and how it ends, is read
//! as of any guest.

use std::io;
use std::process::Stdio;
use std::time::{Duration, Instant};

use serde_json::json;

use crate::guest::ending::Error;
use crate::guest::qmp::Qmp;
use crate::guest::{Boot, Guest, LOOK, Terms};
use crate::machine::{self, Stops};

/// How long one that does not answer is waited for, until it is known why.
const GONE: Duration = Duration::from_secs(5);

/// Boots a guest whose only CPU stays on the host's `cpu`.
///
/// # Errors
/// When QEMU ends, as it does where KVM does not work, with what it said.
pub(crate) fn start<'a>(
    boot: &Boot<'_>,
    cell: &[u8],
    terms: &'a Terms<'a>,
    cpu: u32,
) -> Result<Guest<'a>, Error> {
    let mut arguments = machine::boot_of(boot);
    arguments.extend(["-S", "-qmp", "stdio"].map(Into::into));
    let mut guest = Guest::start(cell, terms, Stops::Not, arguments, Stdio::piped(), None)?;
    match begin(&mut guest, cpu, terms.budget) {
        Ok(qmp) => {
            guest.qmp = Some(qmp);
            Ok(guest)
        }
        // One that is gone does not answer; why it is gone tells more.
        Err(message) => Err(ended(&mut guest).unwrap_or(Error::Qemu { message })),
    }
}

/// Puts the CPU's thread into its place, and lets it run.
fn begin(guest: &mut Guest<'_>, cpu: u32, longest: Duration) -> Result<Qmp, String> {
    let (Some(commands), Some(answers)) = (guest.process.qemu.stdin.take(), guest.process.qemu.stdout.take())
    else {
        return Err("its monitor has no pipes".into());
    };
    let mut qmp = Qmp::new(commands, answers);
    qmp.command("qmp_capabilities", &json!({}), longest)?;
    let cpus = qmp.command("query-cpus-fast", &json!({}), longest)?;
    let thread = cpus[0]["thread-id"].as_i64().and_then(|thread| libc::pid_t::try_from(thread).ok());
    let thread = thread.filter(|thread| *thread > 0).ok_or("QEMU did not say which thread its CPU is")?;
    stay(thread, cpu).map_err(|error| {
        format!("the guest's CPU could not be kept on CPU {cpu} of this machine: {error}")
    })?;
    qmp.command("cont", &json!({}), longest)?;
    Ok(qmp)
}

/// Keeps the thread `thread` on `cpu`.
fn stay(thread: libc::pid_t, cpu: u32) -> io::Result<()> {
    if cpu as usize >= libc::CPU_SETSIZE as usize {
        return Err(io::ErrorKind::InvalidInput.into());
    }
    // SAFETY: a set of bits, for which zero is valid; the number is within it, and the
    // call gets it whole.
    let result = unsafe {
        let mut one: libc::cpu_set_t = std::mem::zeroed();
        libc::CPU_SET(cpu as usize, &mut one);
        libc::sched_setaffinity(thread, size_of_val(&one), &one)
    };
    if result == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Why QEMU ended, if it does so now.
fn ended(guest: &mut Guest<'_>) -> Option<Error> {
    let begin = Instant::now();
    while begin.elapsed() < GONE {
        match guest.look(LOOK) {
            Ok(None) => {}
            Ok(Some(status)) => return guest.ended_well(status).err(),
            Err(error) => return Some(error),
        }
    }
    None
}
