//! PID 1 of the guest; on a machine of others, a child of the harness (`host`). PID 1 mounts what it needs, waits until the kernel is
//! quiet, is handed one cell, answers with one line and ends the machine.

use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result};
use hookbench_model::protocol::{AgentMessage, CellSpec};
use hookbench_model::{Failure, FailureKind};

use beside::Beside;
use prepared::Prepared;

mod beside;
mod brought;
mod budget;
mod cell;
mod cpus;
mod dma;
mod fault;
mod host;
mod idle;
mod kernel;
mod late;
mod meter;
mod modules;
mod own;
mod ports;
mod prepared;
mod probe;
mod pulse;
mod shared;
mod stop;
mod worker;
mod wrapped;

fn main() -> ExitCode {
    if std::env::args().nth(1).as_deref() == Some("--made-by") {
        println!("{}\n{}", hookbench_probes::attach::BPF_COMPILER, env!("HOOKBENCH_RUSTC"));
        return ExitCode::SUCCESS;
    }
    let words: Vec<String> = std::env::args().skip(1).collect();
    match words.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["--host", parent] => return host::run(parent.parse().unwrap_or_default()),
        ["--settle", ledger] => return host::settle(ledger),
        ["--probe"] => return probe::run(),
        _ => {}
    }
    if std::process::id() != 1 {
        eprintln!("hookbench-agent: only runs as PID 1 of a guest; run `hookbench` instead");
        return ExitCode::from(2);
    }
    if let Err(error) = answer() {
        say(&failed(&error));
    }
    ports::end()
}

fn answer() -> Result<()> {
    let mut spinner = idle::Spinner::start().context("failed to keep the CPU busy")?;
    kernel::mount_all()?;
    let mut ready = kernel::ready()?;
    let mut clocks = None;
    if let AgentMessage::Ready { cmdline, cpus, .. } = &mut ready {
        clocks = beside::asked(cmdline);
        if cpus::held_back(cmdline) {
            (*cpus, spinner) = cpus::bring_up(spinner)?;
        }
    }
    say(&ready);
    let mut prepared = Prepared::new(spinner)?;
    kernel::quiet()?;
    // Where the cell lies in QEMU's list of files depends on what else is in it:
    // the search for it takes part in no cell's time.
    let (jumped, handed) = match clocks {
        None => stop::here(|jumped| (jumped, ports::handed())),
        // No clock of hardware leads to the same time to the instruction.
        Some(_) => (0, ports::handed()),
    };
    let ports::Handed { cell, monitor, workload } = handed.context("failed to read the cell")?;
    if cell.is_empty() {
        say(&AgentMessage::Stopped { jumped });
        return Ok(());
    }
    let spec: CellSpec = serde_json::from_slice(&cell).context("failed to understand the cell")?;
    budget::start(Duration::from_secs(spec.budget)).context("failed to set the cell's budget")?;
    if let Some(fault) = spec.fault {
        fault::commit(fault)?;
    }
    if let Some(clocks) = clocks {
        prepared.beside = Some(Beside::prepare(&spec, &clocks)?);
    }
    let answer = brought::unpack_all(&[monitor, workload])
        .and_then(|()| modules::load_all())
        .and_then(|()| cell::run(&spec, prepared))
        .unwrap_or_else(|error| failed(&error));
    match spec.fault {
        Some(fault) => ports::say(&fault::spoilt(fault, answer)?),
        None => say(&answer),
    }
    Ok(())
}

fn failed(error: &anyhow::Error) -> AgentMessage {
    AgentMessage::Failed(Failure {
        kind: FailureKind::Agent,
        message: format!("{error:#}"),
        console: Vec::new(),
    })
}

fn say(message: &AgentMessage) {
    ports::say(&line(message));
}

/// The message as it is sent.
fn line(message: &AgentMessage) -> Vec<u8> {
    // A message is plain data: rendering it cannot fail.
    let mut line = serde_json::to_vec(message).unwrap_or_default();
    line.push(b'\n');
    line
}
