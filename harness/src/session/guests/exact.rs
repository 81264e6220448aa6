//! The session of the exact clock: guests under TCG, which counts instructions. A guest
//! resumes from a snapshot; with `--cold`, it boots for its cell.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::{Result, anyhow, bail};
use hookbench_model::protocol::CellSpec;
use hookbench_model::{Cell, Clock, Failure, FailureKind, History, Measured, Outcome, Target};
use hookbench_results::Environment;
use hookbench_vm::console::Show;
use hookbench_vm::guest::Start;
use hookbench_vm::machine::{self, Machine, Tcg};
use hookbench_vm::snapshot::{Recipe, Snapshot};

use super::attribution::{Attributed, Attribution, KnownSymbols};
use super::cell::{GuestCell, Guests, Preparation};
use super::environment::{arguments, memory, of_guests};
use super::provisions::Provisions;
use super::snapshots::Snapshots;
use crate::interrupt::Interrupt;
use crate::session::{Answered, Session};
use crate::verify::check::TargetRules;
use crate::verify::outcome::no_snapshot;
use crate::verify::requirements::boot_line;

/// The default time limit of a cell, in real time. A busy guest reaches the cell's budget of
/// its own time first, also on a slow machine.
pub const BUDGET: Duration = Duration::from_secs(600);

/// Guests under TCG with the exact clock.
pub struct ExactSession {
    guests: Guests,
    history: History,
    snapshots: Snapshots,
    symbols: KnownSymbols,
    environment: Environment,
}

/// The options of a session with the exact clock.
pub struct ExactOptions {
    /// The time limit of a cell, in real time.
    pub budget: Duration,
    /// How guests reach the start of a cell.
    pub history: History,
    /// Shows the consoles of guests while they run.
    pub console: Option<Show>,
    /// Ends all guests as soon as it is requested.
    pub interrupt: Interrupt,
}

impl Default for ExactOptions {
    fn default() -> ExactOptions {
        let (console, interrupt) = (None, Interrupt::default());
        ExactOptions { budget: BUDGET, history: History::Restored, console, interrupt }
    }
}

impl ExactSession {
    /// A session of guests with these provisions.
    ///
    /// # Errors
    /// When a kernel's configuration cannot be read, or no folder for the guests' files can
    /// be created.
    pub fn open(provisions: Provisions, options: ExactOptions) -> Result<ExactSession> {
        let several: BTreeSet<u16> = provisions.cells.iter().map(|cell| cell.boot.cpus).collect();
        let several = several.into_iter().filter(|&cpus| cpus > 1);
        let memory = memory(&provisions.cells);
        let environment = Environment {
            target: Target::Tcg,
            clock: Clock::Instructions,
            cpu: machine::CPU.into(),
            machine: arguments(tcg(1, memory)),
            machines: several.map(|cpus| (cpus, arguments(tcg(cpus, memory)))).collect(),
            ..of_guests(&provisions, boot_line)?
        };
        let ExactOptions { budget, history, console, interrupt } = options;
        let guests = Guests::new(provisions, budget, console, interrupt)?;
        Ok(ExactSession {
            guests,
            history,
            snapshots: Snapshots::default(),
            symbols: KnownSymbols::default(),
            environment,
        })
    }

    fn try_run(&self, cell: &Cell, spec: &CellSpec) -> Result<Outcome> {
        let ready = match self.guests.prepare(cell, spec)? {
            Preparation::Ready(ready) => ready,
            Preparation::Unsupported(why) => return Ok(Outcome::Unsupported(why)),
        };
        let machine = tcg(cell.boot.cpus, cell.boot.memory_mib);
        let answer = match self.history {
            History::Cold => self.guests.run(&ready, self.guests.boot(&ready), machine),
            History::Restored => match self.snapshot(&ready, machine) {
                Ok(snapshot) => self.guests.run(&ready, Start::Restore(&snapshot), machine),
                Err(failure) => return Ok(Outcome::Failed(failure)),
            },
        };
        Ok(ready.outcome(TargetRules::TCG, answer))
    }

    /// Measures the cell, and says where the instructions of its operations went.
    ///
    /// # Errors
    /// When the cell is not measured, has several CPUs, or an operation's instructions do not add up to its sample.
    pub fn attribute(&self, cell: &Cell, spec: &CellSpec) -> Result<Attributed> {
        self.with_attribution(cell, spec, |attribution| attribution.run())
    }

    /// Measures the cell with the plugin in QEMU that attributes instructions. It changes no number.
    ///
    /// # Errors
    /// When the cell is not measured, or has several CPUs.
    pub fn measure_with_plugin(&self, cell: &Cell, spec: &CellSpec) -> Result<Measured> {
        self.with_attribution(cell, spec, |attribution| attribution.run_on())
    }

    fn with_attribution<T>(
        &self,
        cell: &Cell,
        spec: &CellSpec,
        run: impl FnOnce(Attribution<'_>) -> Result<T>,
    ) -> Result<T> {
        if cell.boot.cpus != 1 {
            bail!("{cell} has {} CPUs; instructions are attributed with one", cell.boot.cpus);
        }
        let ready = match self.guests.prepare(cell, spec)? {
            Preparation::Ready(ready) => ready,
            Preparation::Unsupported(why) => bail!("{cell} is unsupported: {why}"),
        };
        let machine = tcg(cell.boot.cpus, cell.boot.memory_mib);
        let snapshot = self.snapshot(&ready, machine).map_err(|failure| anyhow!(failure.message))?;
        run(Attribution {
            guests: &self.guests,
            known: &self.symbols,
            recipe: self.recipe(&ready),
            snapshot: &snapshot,
            machine,
            cell,
            ready: &ready,
        })
    }

    fn recipe<'a>(&'a self, ready: &'a GuestCell<'_>) -> Recipe<'a> {
        let GuestCell { kernel, boot_line, .. } = ready;
        let Guests { provisions, image, .. } = &self.guests;
        let image_sha256 = &provisions.image.record.sha256;
        Recipe { kernel, image, image_sha256, boot_line, qemu: &provisions.qemu }
    }

    fn snapshot(&self, ready: &GuestCell<'_>, machine: Machine) -> Result<Snapshot, Failure> {
        let GuestCell { kernel, boot_line, cell, .. } = ready;
        self.snapshots.obtain(&kernel.name, cell.boot, boot_line, || {
            let (recipe, options) = (self.recipe(ready), self.guests.options(machine, 0));
            Snapshot::obtain(&recipe, &self.guests.provisions.cache, &options, &|_| ()).map_err(no_snapshot)
        })
    }
}

impl Session for ExactSession {
    fn environment(&self) -> &Environment {
        &self.environment
    }

    fn history(&self) -> Option<History> {
        Some(self.history)
    }

    fn run(&self, cell: &Cell, spec: &CellSpec) -> Answered {
        let outcome = self.try_run(cell, spec);
        outcome.map_or_else(|error| Answered::prevented(FailureKind::Qemu, &error), Answered::from)
    }
}

fn tcg(cpus: u16, memory_mib: u32) -> Machine {
    Machine::Tcg(Tcg { cpus, memory_mib })
}
