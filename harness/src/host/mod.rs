//! The session on this machine itself: the same agent as a child process, one cell at
//! a time. What it changes in the kernel stands in a ledger before (`ledger.rs`); what
//! the machine is and does is found out in `machine.rs`.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use hookbench_model::protocol::{CellSpec, HostOrder};
use hookbench_model::{Cell, Clock, Failure, FailureKind, History, Measured, Outcome, Target};
use hookbench_probes::Monitor;
use hookbench_results::Environment;
use hookbench_results::environment::KernelRecord;
use hookbench_results::hardware::Hardware;

use crate::outcome::{believed, failure};
use crate::session::Session;
use crate::stop::Stop;

mod child;
pub mod ledger;
pub mod machine;

use child::Agent;
use ledger::Ledger;

/// Cells as child processes of this one.
pub struct HostSession {
    agent: Agent,
    ledger: Ledger,
    cpu: u32,
    beside: Vec<Clock>,
    stop: Stop,
    budget: Duration,
    environment: Environment,
}

/// What of a run on hardware is not in its cells.
pub struct Terms {
    /// The clocks, the first first; that has to be [`Clock::Tsc`].
    pub clocks: Vec<Clock>,
    /// How often each cell is measured.
    pub rounds: u32,
    /// Where the random order of cells begins.
    pub seed: u64,
    /// How long a cell may take in a round.
    pub budget: Duration,
}

impl Terms {
    /// The clocks beside the first.
    ///
    /// # Errors
    /// When the first is another than the time-stamp counter.
    pub(crate) fn beside(&self) -> Result<&[Clock]> {
        match self.clocks.split_first() {
            Some((Clock::Tsc, beside)) => Ok(beside),
            _ => bail!("the first clock has to be tsc: it times the operations, others are beside it"),
        }
    }

    /// This machine under these terms, with workers on `cpu`.
    ///
    /// # Errors
    /// When it has no time-stamp counter.
    pub(crate) fn machine(&self, cpu: u32) -> Result<Hardware> {
        Ok(Hardware {
            rounds: self.rounds,
            seed: self.seed,
            clocks: self.clocks.iter().map(|clock| clock.name().to_string()).collect(),
            ..machine::look(cpu)?
        })
    }
}

impl HostSession {
    /// Prepares the agent and takes the ledger.
    ///
    /// # Errors
    /// When another run is at work or has left something to undo, or the agent cannot
    /// be written.
    pub fn open(terms: &Terms, stop: &Stop) -> Result<HostSession> {
        let beside = terms.beside()?;
        let ledger = Ledger::take()?;
        let cpu = machine::quietest_cpu()?;
        let hardware = terms.machine(cpu)?;
        Ok(HostSession {
            agent: Agent::write()?,
            ledger,
            cpu,
            beside: beside.to_vec(),
            stop: stop.clone(),
            budget: terms.budget,
            environment: environment(hardware)?,
        })
    }

    /// What makes this session's numbers.
    pub fn environment(&self) -> &Environment {
        &self.environment
    }

    fn try_run(&self, cell: &Cell, spec: &CellSpec) -> Result<Outcome> {
        let monitor = hookbench_probes::find(&cell.monitor).context("no such monitor")?;
        if let Some(why) = crate::requirements::blind(monitor, cell) {
            return Ok(Outcome::Unsupported(why));
        }
        let changes = !cell.monitor.is_none() || self.beside.contains(&Clock::Ftrace);
        let order = HostOrder {
            cell: spec.clone(),
            secondary_clocks: self.beside.clone(),
            cpu: self.cpu,
            noop: self.agent.noop().display().to_string(),
            ledger: if changes { Some(self.ledger.file().display().to_string()) } else { None },
        };
        let answer = self.agent.ask(&order, self.budget, self.stop.flag());
        // An agent that came to its end has undone all by itself.
        if self.ledger.is_left()? {
            self.agent.settle(&self.ledger.file()).context("what the cell has changed is not all undone")?;
        }
        Ok(match answer {
            Ok(answer) => only_of_this(spec, believed(spec, monitor, Target::Host, 1, answer)),
            Err(error) => Outcome::Failed(failure(error)),
        })
    }
}

/// An outcome whose clocks measured as many operations as were asked for.
pub(crate) fn only_of_this(spec: &CellSpec, outcome: Outcome) -> Outcome {
    /// More than there are clocks and events.
    const MOST: usize = 32;
    let wrong = |measured: &Measured| {
        let other = |other: &&hookbench_model::ClockSamples| other.samples.len() != spec.samples as usize;
        measured.others.len() > MOST || measured.others.iter().any(|clock| other(&clock))
    };
    match outcome {
        Outcome::Measured(measured) if wrong(&measured) => Outcome::Failed(Failure {
            kind: FailureKind::Protocol,
            message: "the agent sent clocks that did not measure each operation".into(),
            console: Vec::new(),
        }),
        other => other,
    }
}

impl Session for HostSession {
    fn clock(&self) -> Clock {
        Clock::Tsc
    }

    fn history(&self) -> Option<History> {
        None
    }

    fn run(&self, cell: &Cell, spec: &CellSpec) -> Outcome {
        self.try_run(cell, spec).unwrap_or_else(|error| {
            let message = format!("{error:#}");
            Outcome::Failed(Failure { kind: FailureKind::Agent, message, console: Vec::new() })
        })
    }
}

/// The name of this machine's kernel, which its cells carry.
///
/// # Errors
/// When /proc is not there.
pub fn release() -> Result<String> {
    machine::read("/proc/sys/kernel/osrelease").context("failed to read the kernel's name")
}

/// Monitors among `cells` that stop what others do on this machine.
pub fn enforcing<'a>(cells: impl Iterator<Item = &'a Cell>) -> Vec<String> {
    let stops = |monitor: Monitor| monitor.sink.stops();
    let mut names: Vec<String> = cells
        .filter(|cell| hookbench_probes::find(&cell.monitor).is_some_and(stops))
        .map(|cell| cell.monitor.to_string())
        .collect();
    names.dedup();
    names
}

fn environment(hardware: Hardware) -> Result<Environment> {
    let kernel = KernelRecord {
        name: release()?,
        version: machine::read("/proc/sys/kernel/version").unwrap_or_default(),
        boot_lines: vec![("this machine".into(), machine::read("/proc/cmdline").unwrap_or_default())],
        ..KernelRecord::default()
    };
    Ok(Environment {
        hookbench: env!("CARGO_PKG_VERSION").into(),
        target: Target::Host,
        clock: Clock::Tsc,
        cpu: hardware.cpu_model.clone(),
        kernels: vec![kernel],
        image: child::record(),
        usual: crate::qemu::usual(),
        bpf_compiler: crate::qemu::BPF_COMPILER.into(),
        rustc: env!("HOOKBENCH_RUSTC").into(),
        hardware: Some(hardware),
        ..Environment::default()
    })
}

/// Undoes what an interrupted run has left. Returns what was undone, in words.
///
/// # Errors
/// When a run is at work, or something could not be undone.
pub fn clean() -> Result<Vec<String>> {
    let ledger = Ledger::lock()?;
    if !ledger.is_left()? {
        return Ok(Vec::new());
    }
    Agent::write()?.settle(&ledger.file())
}

/// What this machine can do for cells, tried; lines for `doctor`.
///
/// # Errors
/// When the agent cannot be started.
pub fn probe() -> Result<String> {
    Agent::write()?.probe()
}
