//! The session on this machine itself: the same agent as a child process, one cell at a
//! time. The agent writes each change to the kernel into a ledger before it makes it
//! (`ledger.rs`); `machine.rs` describes the machine.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use hookbench_model::protocol::{CellSpec, HostOrder};
use hookbench_model::{Cell, Clock, Failure, FailureKind, History, Measured, Outcome, Target};
use hookbench_probes::Monitor;
use hookbench_results::Environment;
use hookbench_results::environment::KernelRecord;
use hookbench_results::hardware::Hardware;

use crate::run::interrupt::Stop;
use crate::session::Session;
use crate::verify::outcome::{believed, failure};

mod child;
pub mod ledger;
pub mod machine;

use child::Agent;
use ledger::Ledger;

/// Runs cells in child processes on this machine.
pub struct HostSession {
    agent: Agent,
    ledger: Ledger,
    cpu: u32,
    beside: Vec<Clock>,
    stop: Stop,
    budget: Duration,
    environment: Environment,
}

/// The options of a run on hardware.
pub struct Terms {
    /// The clocks. The first must be [`Clock::Tsc`].
    pub clocks: Vec<Clock>,
    /// The number of rounds, in each of which every cell is measured once.
    pub rounds: u32,
    /// The seed of the random order.
    pub seed: u64,
    /// The time limit of a cell in one round.
    pub budget: Duration,
}

impl Terms {
    /// The clocks after the first.
    ///
    /// # Errors
    /// When the first clock is not the time-stamp counter.
    pub(crate) fn beside(&self) -> Result<&[Clock]> {
        match self.clocks.split_first() {
            Some((Clock::Tsc, beside)) => Ok(beside),
            _ => bail!("the first clock must be tsc: it times the operations, the others add detail"),
        }
    }

    /// Describes this machine and these options, with workers pinned to `cpu`.
    ///
    /// # Errors
    /// When the CPU has no usable time-stamp counter.
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
    /// Writes the agent and takes the ledger.
    ///
    /// # Errors
    /// When another run is in progress or left changes to undo, or the agent cannot be
    /// written.
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

    /// The environment in which this session measures.
    pub fn environment(&self) -> &Environment {
        &self.environment
    }

    fn try_run(&self, cell: &Cell, spec: &CellSpec) -> Result<Outcome> {
        let monitor = hookbench_probes::find(&cell.monitor).context("no such monitor")?;
        if let Some(why) = crate::verify::requirements::blind(monitor, cell) {
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
        // An agent that ends normally undoes its changes itself.
        if self.ledger.is_left()? {
            self.agent
                .settle(&self.ledger.file())
                .context("failed to undo all changes that the cell made to the kernel")?;
        }
        Ok(match answer {
            Ok(answer) => only_of_this(spec, believed(spec, monitor, Target::Host, 1, answer)),
            Err(error) => Outcome::Failed(failure(error)),
        })
    }
}

/// Fails the cell unless every clock has one sample per operation.
pub(crate) fn only_of_this(spec: &CellSpec, outcome: Outcome) -> Outcome {
    /// More than all clocks and events together.
    const MOST: usize = 32;
    let wrong = |measured: &Measured| {
        let other = |other: &&hookbench_model::ClockSamples| other.samples.len() != spec.samples as usize;
        measured.others.len() > MOST || measured.others.iter().any(|clock| other(&clock))
    };
    match outcome {
        Outcome::Measured(measured) if wrong(&measured) => Outcome::Failed(Failure {
            kind: FailureKind::Protocol,
            message: "the agent sent clocks without exactly one sample per operation".into(),
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

/// The release of this machine's kernel, which is the kernel's name in its cells.
///
/// # Errors
/// When /proc is not mounted.
pub fn release() -> Result<String> {
    machine::read("/proc/sys/kernel/osrelease")
        .context("failed to read the kernel's release from /proc/sys/kernel/osrelease")
}

/// The monitors of `cells` that deny operations of, or kill, other processes on this
/// machine.
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
        usual: crate::session::guests::usual(),
        bpf_compiler: crate::session::guests::BPF_COMPILER.into(),
        rustc: env!("HOOKBENCH_RUSTC").into(),
        hardware: Some(hardware),
        ..Environment::default()
    })
}

/// Undoes what a killed run left behind. Returns a description of each undone change.
///
/// # Errors
/// When a run is in progress, or a change cannot be undone.
pub fn clean() -> Result<Vec<String>> {
    let ledger = Ledger::lock()?;
    if !ledger.is_left()? {
        return Ok(Vec::new());
    }
    Agent::write()?.settle(&ledger.file())
}

/// Tries what cells can do on this machine. Returns lines for `hookbench doctor`.
///
/// # Errors
/// When the agent does not start.
pub fn probe() -> Result<String> {
    Agent::write()?.probe()
}
