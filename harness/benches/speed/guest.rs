//! One guest at a time: how long a cell takes, where the time goes as far as the host can
//! tell, and what a cold boot costs.

use std::io::Write;
use std::process::Stdio;
use std::time::Instant;

use anyhow::{Context, Result, bail, ensure};
use hookbench::run::runner;
use hookbench::session::Session;
use hookbench_model::protocol::Fault;
use hookbench_model::{FailureKind, History, Outcome, Schedule};
use hookbench_vm::machine::{Qemu, Tcg};

use crate::cells::{null_syscall, one, session_of};
use crate::cost::{Whose, cpu_seconds};
use crate::{median_and_least, say};

/// The number of repetitions of which a time is the median.
const TIMES: usize = 21;
/// The number of boots: each takes seconds, and its CPU time varies little.
const BOOTS: usize = 3;

/// What QEMU's monitor receives at the start.
const QUIT: &[u8] = b"{\"execute\": \"qmp_capabilities\"}\n{\"execute\": \"quit\"}\n";

/// A cell of one operation, and parts of it.
pub(crate) fn start() -> Result<()> {
    let (session, kernel) = session_of(None, History::Restored)?;
    let cell = null_syscall(&kernel, Schedule::Burst, 1, 0);
    // The first cell makes or checks the snapshot.
    one(&session, &cell)?;
    // The guest ends when its first timed operation begins.
    let first = runner::spec(&cell, Some(Fault::First));
    let (median, least) = timed(|| match session.run(&cell.cell, &first).outcome {
        Outcome::Failed(failure) if failure.kind == FailureKind::GuestEnded => Ok(()),
        other => bail!("the guest did not reach its first operation: {}", other.reason()),
    })?;
    say("start.median", median);
    say("start.least", least);
    say("part.whole", timed(|| one(&session, &cell))?.0);
    say("part.version", timed(|| qemu(&["--version"]))?.0);
    let quits = ["-nodefaults", "-no-user-config", "-display", "none", "-S", "-qmp", "stdio"];
    say("part.none", timed(|| qemu(&[&quits[..], &["-machine", "none"]].concat()))?.0);
    let machine = Tcg { cpus: 1, memory_mib: 256 }.arguments();
    let machine: Vec<&str> = machine.iter().filter_map(|argument| argument.to_str()).collect();
    say("part.machine", timed(|| qemu(&[&machine[..], &["-S", "-qmp", "stdio"]].concat()))?.0);
    Ok(())
}

/// Measures the CPU time of a cell whose guest boots for it.
pub(crate) fn boot(kernel: &str) -> Result<()> {
    let (session, kernel) = session_of(Some(kernel), History::Cold)?;
    let cell = null_syscall(&kernel, Schedule::Burst, 1, 0);
    let mut seconds = Vec::new();
    for _ in 0..BOOTS {
        let before = cpu_seconds(Whose::Children);
        one(&session, &cell)?;
        seconds.push(cpu_seconds(Whose::Children) - before);
    }
    say(&format!("boot.{kernel}"), median_and_least(seconds).0);
    Ok(())
}

/// The median and the minimum of the milliseconds that `task` takes.
fn timed(mut task: impl FnMut() -> Result<()>) -> Result<(f64, f64)> {
    let mut times = Vec::new();
    for _ in 0..TIMES {
        let begin = Instant::now();
        task()?;
        times.push(begin.elapsed().as_secs_f64() * 1e3);
    }
    Ok(median_and_least(times))
}

/// Runs QEMU alone and tells it to quit at once.
fn qemu(arguments: &[&str]) -> Result<()> {
    let installed = Qemu::default();
    let program = installed.program().display();
    let mut command = installed.command();
    command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::null());
    let mut qemu = command.spawn().with_context(|| format!("failed to start {program}"))?;
    if let Some(mut input) = qemu.stdin.take() {
        // A QEMU that only prints its version does not read its input.
        let _ = input.write_all(QUIT);
    }
    let status = qemu.wait().context("failed to wait for QEMU")?;
    ensure!(status.success(), "{program} {}: {status}", arguments.join(" "));
    Ok(())
}
