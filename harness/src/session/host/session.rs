//! The session on this machine: measures a cell with the agent, and undoes what an agent
//! that failed left in the kernel.

use std::time::Duration;

use anyhow::{Context, Result};
use hookbench_model::protocol::{CellSpec, HostOrder};
use hookbench_model::{Cell, Clock, FailureKind, History, Outcome, Target};
use hookbench_results::Environment;
use hookbench_results::environment::KernelRecord;
use hookbench_results::hardware::Hardware;

use super::child::{self, Agent};
use super::ledger::Ledger;
use super::machine::{self, release};
use crate::interrupt::Interrupt;
use crate::session::environment::{HARDWARE, of_hookbench};
use crate::session::hardware::HardwareOptions;
use crate::session::validate::validate_clocks;
use crate::session::{Answered, Session};
use crate::verify::check::TargetRules;
use crate::verify::outcome::{accept_answer, failure};
use crate::verify::requirements;

/// Runs cells in child processes on this machine.
pub struct HostSession {
    agent: Agent,
    ledger: Ledger,
    cpu: u32,
    secondary_clocks: Vec<Clock>,
    interrupt: Interrupt,
    budget: Duration,
    environment: Environment,
}

impl HostSession {
    /// Writes the agent and takes the ledger.
    ///
    /// # Errors
    /// When another run is in progress or left changes to undo, or the agent cannot be
    /// written.
    pub fn open(options: &HardwareOptions, interrupt: &Interrupt) -> Result<HostSession> {
        let secondary_clocks = options.secondary_clocks()?;
        let ledger = Ledger::take()?;
        let cpu = machine::quietest_cpu()?;
        let hardware = options.describe(cpu)?;
        Ok(HostSession {
            agent: Agent::write()?,
            ledger,
            cpu,
            secondary_clocks: secondary_clocks.to_vec(),
            interrupt: interrupt.clone(),
            budget: options.budget,
            environment: environment(hardware)?,
        })
    }

    fn try_run(&self, cell: &Cell, spec: &CellSpec) -> Result<Outcome> {
        let monitor = hookbench_probes::find(&cell.monitor).context("no such monitor")?;
        let workload = hookbench_workloads::for_cell(spec).context("no such workload")?;
        if let Some(module) = workload.module() {
            let why = format!("{} loads the module {module}, which it does only in guests", cell.workload);
            return Ok(Outcome::Unsupported(why));
        }
        if let Some(why) = requirements::unable(monitor, cell) {
            return Ok(Outcome::Unsupported(why));
        }
        let changes = !cell.monitor.is_none() || self.secondary_clocks.contains(&Clock::Ftrace);
        let order = HostOrder {
            cell: spec.clone(),
            secondary_clocks: self.secondary_clocks.clone(),
            cpu: self.cpu,
            noop: self.agent.noop().display().to_string(),
            ledger: if changes { Some(self.ledger.file().display().to_string()) } else { None },
        };
        let answer = self.agent.ask(&order, self.budget, self.interrupt.flag());
        // An agent that ends normally undoes its changes itself.
        if self.ledger.is_left()? {
            self.agent
                .settle(&self.ledger.file())
                .context("failed to undo all changes that the cell made to the kernel")?;
        }
        Ok(match answer {
            Ok(answer) => validate_clocks(spec, accept_answer(spec, monitor, TargetRules::HOST, 1, answer)),
            Err(error) => Outcome::Failed(failure(error)),
        })
    }
}

impl Session for HostSession {
    fn environment(&self) -> &Environment {
        &self.environment
    }

    fn history(&self, _: &Cell) -> Option<History> {
        None
    }

    fn run(&self, cell: &Cell, spec: &CellSpec) -> Answered {
        let outcome = self.try_run(cell, spec);
        outcome.map_or_else(|error| Answered::prevented(FailureKind::Agent, &error), Answered::from)
    }
}

fn environment(hardware: Hardware) -> Result<Environment> {
    let kernel = KernelRecord {
        name: release()?,
        version: machine::read("/proc/sys/kernel/version").unwrap_or_default(),
        boot_lines: vec![("this machine".into(), machine::read("/proc/cmdline").unwrap_or_default())],
        security_modules: machine::read("/sys/kernel/security/lsm")
            .map(|modules| ("this machine".into(), modules))
            .into_iter()
            .collect(),
        ..KernelRecord::default()
    };
    Ok(Environment {
        target: Target::Host,
        clock: Clock::Tsc,
        cpu: hardware.cpu_model.clone(),
        kernels: vec![kernel],
        image: child::record(),
        hardware: Some(hardware),
        unattributed: HARDWARE.into(),
        ..of_hookbench()
    })
}
