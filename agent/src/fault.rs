//! Misbehaviour on request, for tests of those who have to bear it: what happens
//! to the machine before a cell, and what is made of its answer.

use std::fs;
use std::io;

use anyhow::{Context, Result};
use hookbench_model::measurement::Refused;
use hookbench_model::protocol::{AgentMessage, Fault};
use hookbench_model::{Events, Measured};

use crate::{idle, kernel, line, ports};

/// Does what `fault` says to the machine. Returns for a fault that is part of
/// the cell or of its answer.
pub(crate) fn commit(fault: Fault) -> Result<()> {
    if fault == Fault::First {
        // It is timed.
        return Ok(());
    }
    // The console shows what was done, at once: no driver has to do it later.
    fs::write("/dev/kmsg", format!("<2>hookbench-agent: {fault:?} on request\n"))
        .context("failed to write to the console")?;
    match fault {
        Fault::Panic => fs::write("/proc/sysrq-trigger", "c").context("failed to crash the kernel")?,
        // SAFETY: the machine ends; nothing of it is kept.
        Fault::Reboot => unsafe {
            libc::reboot(libc::RB_AUTOBOOT);
        },
        // Busy, as a real hang is: a guest that sleeps would warp its clock.
        Fault::Hang => loop {
            idle::nops();
        },
        Fault::Stall => starve()?,
        Fault::Garbage => end(b"\xff\xfe{\"measured\": 3}\n\0\0not a message\n"),
        Fault::Flood => loop {
            ports::say(&[b'x'; 4096]);
        },
        Fault::Vanish => ports::end(),
        _ => {}
    }
    Ok(())
}

/// Has a task run that nobody comes before, not even this one. User space cannot
/// do worse: since 5.5 a `cli` does nothing there, whatever rights it has.
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
        idle::nops();
    }
}

fn end(said: &[u8]) -> ! {
    ports::say(said);
    ports::end()
}

/// The bytes that `fault` makes of the answer.
pub(crate) fn spoilt(fault: Fault, answer: AgentMessage) -> Result<Vec<u8>> {
    let ready = || kernel::ready().map(|ready| line(&ready));
    let whole = line(&answer);
    Ok(match fault {
        Fault::Truncated => whole[..whole.len() / 2].to_vec(),
        Fault::Overlong => line(&told(answer, |measured| measured.samples = vec![3; 2_000_000])),
        Fault::NotUtf8 => b"{\"unsupported\":\"\xff\xfe\"}\n".to_vec(),
        Fault::Twice => whole.repeat(2),
        Fault::ReadyTwice => [ready()?, whole].concat(),
        Fault::ReadyLate => [whole, ready()?].concat(),
        _ => line(&told(answer, |measured| lie(fault, measured))),
    })
}

fn told(answer: AgentMessage, change: impl FnOnce(&mut Measured)) -> AgentMessage {
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
