//! Misbehaviour on request, for tests of the host side: what happens to the machine before a cell, and what
//! becomes of its answer. Faults of the worker are in `cell/worker.rs`.

use std::fs;
use std::io;

use anyhow::{Context, Result};
use hookbench_model::measurement::Refused;
use hookbench_model::protocol::{AgentMessage, Fault};
use hookbench_model::{Events, Measured};

use crate::arch;
use crate::boot::kernel;
use crate::channel::{Channel, line};

/// Does what `fault` says to the machine. Returns for a fault that is part of the cell or of its answer.
///
/// # Errors
/// When the kernel refuses to misbehave.
pub(crate) fn commit(fault: Fault, channel: Channel) -> Result<()> {
    if fault == Fault::First {
        // Its time is measured: nothing may be written for it.
        return Ok(());
    }
    // The console shows at once what was done: no driver has to write it later.
    fs::write("/dev/kmsg", format!("<2>hookbench-agent: {fault:?} on request\n"))
        .context("failed to write to the console")?;
    match fault {
        Fault::Panic => fs::write("/proc/sysrq-trigger", "c").context("failed to crash the kernel")?,
        // SAFETY: the machine ends; nothing on it is kept.
        Fault::Reboot => unsafe {
            libc::reboot(libc::RB_AUTOBOOT);
        },
        // Busy, like a real hang: the clock of a guest that sleeps would jump.
        Fault::Hang => loop {
            arch::nops();
        },
        Fault::Stall => starve()?,
        Fault::Garbage => end(channel, b"\xff\xfe{\"measured\": 3}\n\0\0not a message\n"),
        Fault::Flood => loop {
            channel.write(&[b'x'; 4096]);
        },
        Fault::Vanish => channel.end(),
        _ => {}
    }
    Ok(())
}

/// Starts a task that comes before all others, this one included. User space cannot do worse: since 5.5 a
/// `cli` does nothing there, whatever rights it has.
fn starve() -> Result<()> {
    let all = libc::sched_param { sched_priority: 99 };
    // SAFETY: the child makes a system call and spins; `all` is valid for the call.
    unsafe {
        match libc::fork() {
            -1 => return Err(io::Error::last_os_error()).context("failed to fork"),
            0 => {
                libc::sched_setscheduler(0, libc::SCHED_FIFO, &all);
            }
            _ => drop(libc::wait(std::ptr::null_mut())),
        }
    }
    loop {
        arch::nops();
    }
}

fn end(channel: Channel, bytes: &[u8]) -> ! {
    channel.write(bytes);
    channel.end()
}

/// The bytes that `fault` makes of the answer.
///
/// # Errors
/// When `/proc` cannot be read.
pub(crate) fn spoil(fault: Fault, answer: AgentMessage) -> Result<Vec<u8>> {
    let ready = || kernel::ready(1).map(|ready| line(&ready));
    let whole = line(&answer);
    Ok(match fault {
        Fault::Truncated => whole[..whole.len() / 2].to_vec(),
        Fault::Overlong => line(&changed(answer, |measured| measured.samples = vec![3; 2_000_000])),
        Fault::NotUtf8 => b"{\"unsupported\":\"\xff\xfe\"}\n".to_vec(),
        Fault::Twice => whole.repeat(2),
        Fault::ReadyTwice => [ready()?, whole].concat(),
        Fault::ReadyLate => [whole, ready()?].concat(),
        _ => line(&changed(answer, |measured| lie(fault, measured))),
    })
}

fn changed(answer: AgentMessage, change: impl FnOnce(&mut Measured)) -> AgentMessage {
    match answer {
        AgentMessage::Measured(mut measured) => {
            change(&mut measured);
            AgentMessage::Measured(measured)
        }
        other => other,
    }
}

fn lie(fault: Fault, measured: &mut Measured) {
    match fault {
        Fault::LieSamples => drop(measured.samples.pop()),
        Fault::LieCalibration => measured.calibration = 0,
        Fault::LieEvents => {
            let events = measured.events.take();
            measured.events = events.map(|events| Events { seen: events.seen - 1, ..events });
        }
        Fault::LieNoEvents => measured.events = None,
        Fault::LieNoCost => measured.attach_cost = None,
        Fault::LieRefused => {
            let operations = measured.samples.len() as u64 + 1;
            measured.refused = Some(Refused { operations, errno: "EPERM".into(), happened: None });
        }
        _ => {}
    }
}
