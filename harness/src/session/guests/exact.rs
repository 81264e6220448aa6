//! The session of the exact clock: guests under TCG, which counts instructions. A guest is a copy of a machine, resumes
//! from a snapshot, or boots for its cell (`histories.rs`).

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail, ensure};
use hookbench_analysis::attribution::{Baseline, Explanation, explanation};
use hookbench_analysis::gate::Pattern;
use hookbench_model::protocol::CellSpec;
use hookbench_model::{Cell, Clock, Failure, FailureKind, History, Outcome, Schedule, Target};
use hookbench_results::Environment;
use hookbench_results::attachments::Attachment;
use hookbench_vm::console::Show;
use hookbench_vm::guest::{Boot, Error, ForkServer, GuestOptions, Start};
use hookbench_vm::kernel::Kernel;
use hookbench_vm::machine::{CPU, Machine, Qemu, Tcg};
use hookbench_vm::snapshot::{Recipe, Snapshot};

use super::attribution::{Attributed, Attributor, Divided, Place, Subject, baseline_order, undivided};
use super::cell::{GuestCell, Guests, Preparation};
use super::environment::{arguments, memory, of_guests};
use super::fork_servers::{ForkServers, Repeats};
use super::histories::Histories;
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
    pub(super) guests: Guests,
    pub(super) histories: Histories,
    snapshots: Snapshots,
    pub(super) attributor: Attributor,
    pub(super) servers: ForkServers,
    pub(super) repeats: Repeats,
    keep_stacks: Vec<Pattern>,
    environment: Environment,
}

/// The options of a session with the exact clock.
pub struct ExactOptions {
    /// The time limit of a cell, in real time.
    pub budget: Duration,
    /// How guests reach the start of their cells; `None` for what is fastest.
    pub guests: Option<History>,
    /// Whether the cost of each cell is divided into the hook and its side effects, which takes about half as long
    /// again.
    pub attribution: bool,
    /// The cells whose explanation is kept with their numbers.
    pub keep_stacks: Vec<Pattern>,
    /// Shows the consoles of guests while they run.
    pub console: Option<Show>,
    /// Ends all guests as soon as it is requested.
    pub interrupt: Interrupt,
}

impl Default for ExactOptions {
    fn default() -> ExactOptions {
        let (console, interrupt) = (None, Interrupt::default());
        let (guests, keep_stacks) = (None, Vec::new());
        ExactOptions { budget: BUDGET, guests, attribution: true, keep_stacks, console, interrupt }
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
            cpu: CPU.into(),
            machine: arguments(tcg(1, memory)),
            machines: several.map(|cpus| (cpus, arguments(tcg(cpus, memory)))).collect(),
            unattributed: unattributed(&provisions.program, &options)?,
            ..of_guests(&provisions, boot_line)?
        };
        let ExactOptions { budget, guests, keep_stacks, console, interrupt, .. } = options;
        let histories = Histories::new(guests, &provisions)?;
        let guests = Guests::new(provisions, budget, console, interrupt)?;
        Ok(ExactSession {
            guests,
            histories,
            snapshots: Snapshots::default(),
            servers: ForkServers::default(),
            repeats: Repeats::default(),
            attributor: Attributor::default(),
            keep_stacks,
            environment,
        })
    }

    fn try_run(&self, cell: &Cell, spec: &CellSpec) -> Result<Answered> {
        let ready = match self.guests.prepare(cell, spec)? {
            Preparation::Ready(ready) => ready,
            Preparation::Unsupported(why) => return Ok(Outcome::Unsupported(why).into()),
        };
        if !self.divides(&ready) {
            return Ok(self.run_plain(&ready).into());
        }
        let snapshot = match self.snapshot(&ready) {
            Ok(snapshot) => snapshot,
            Err(failure) => return Ok(Outcome::Failed(failure).into()),
        };
        match self.run_divided(&ready, &snapshot, self.keep_stacks.iter().any(|keep| keep.matches(cell))) {
            Ok(Divided { outcome, explanation }) => {
                let attachments = explanation.iter().map(attachment).collect::<Result<_>>()?;
                Ok(Answered { outcome, attachments })
            }
            // The numbers do not need the plugin.
            Err(why) => Ok(match self.run_plain(&ready) {
                Outcome::Measured(measured) => Outcome::Measured(undivided(measured, &format!("{why:#}"))),
                other => other,
            }
            .into()),
        }
    }

    /// Runs the cell with the plugin. Names the functions if it `explains`.
    fn run_divided(&self, ready: &GuestCell<'_>, snapshot: &Snapshot, explains: bool) -> Result<Divided> {
        let run = |server: Option<&Arc<ForkServer>>| {
            let baseline = || self.baseline(ready.cell, &ready.spec, explains);
            self.attributor.run(&self.subject(ready, snapshot, server), explains, baseline)
        };
        let forked = self.server(ready, snapshot).and_then(|server| run(Some(&server)).ok());
        // A copy that died says nothing about its cell.
        forked.map_or_else(|| run(None), Ok)
    }

    /// Measures the cell and explains its cost by function.
    ///
    /// # Errors
    /// When the cell is not measured, has no cost or several CPUs, or its instructions cannot be attributed.
    pub fn explain(&self, cell: &Cell, spec: &CellSpec) -> Result<Explanation> {
        let ready = self.ready(cell, spec)?;
        ensure!(self.divides(&ready), "its cost cannot be divided into the hook and its side effects");
        let snapshot = self.snapshot(&ready).map_err(|failure| anyhow!(failure.message))?;
        let Divided { outcome, explanation } = self.run_divided(&ready, &snapshot, true)?;
        explanation
            .with_context(|| format!("it was not measured, but {}: {}", outcome.word(), outcome.reason()))
    }

    /// Runs the cell without the plugin.
    fn run_plain(&self, ready: &GuestCell<'_>) -> Outcome {
        let machine = machine(ready.cell);
        if self.history_of(ready.cell) == History::Cold {
            return ready.outcome(TargetRules::TCG, self.guests.run(ready, self.guests.boot(ready), machine));
        }
        let snapshot = match self.snapshot(ready) {
            Ok(snapshot) => snapshot,
            Err(failure) => return Outcome::Failed(failure),
        };
        let forked = self.server(ready, &snapshot).and_then(|server| {
            let answer = self.guests.run(ready, Start::Fork(&server), machine);
            // A copy that died says nothing about its cell.
            (!matches!(answer, Err(Error::Qemu { .. }))).then_some(answer)
        });
        let answer = forked.unwrap_or_else(|| self.guests.run(ready, Start::Restore(&snapshot), machine));
        ready.outcome(TargetRules::TCG, answer)
    }

    /// Whether the cost of the cell is divided into the hook and its side effects. A cell without a monitor has no
    /// cost, and the plugin follows one CPU.
    fn divides(&self, ready: &GuestCell<'_>) -> bool {
        let GuestCell { cell, spec, .. } = ready;
        let unattributed = &self.environment.unattributed;
        unattributed.is_empty() && !cell.monitor.is_none() && cell.boot.cpus == 1 && spec.fault.is_none()
    }

    /// The baseline of `cell`: several hundred operations without a monitor.
    fn baseline(&self, cell: &Cell, spec: &CellSpec, explains: bool) -> Result<Arc<Baseline>> {
        let none = cell.baseline();
        let ready = self.ready(&none, &baseline_order(spec))?;
        let snapshot = self.snapshot(&ready).map_err(|failure| anyhow!(failure.message))?;
        // However the cells begin, all have the same baseline.
        let start = Start::Restore(&snapshot);
        self.attributor.baseline(&Subject { start, ..self.subject(&ready, &snapshot, None) }, explains)
    }

    /// Measures the cell, and says where the instructions of its operations went.
    ///
    /// # Errors
    /// When the cell is not measured, has several CPUs, or an operation's instructions do not add up to its sample.
    pub fn attribute(&self, cell: &Cell, spec: &CellSpec) -> Result<Attributed> {
        if cell.boot.cpus != 1 {
            bail!("{cell} has {} CPUs; instructions are attributed with one", cell.boot.cpus);
        }
        let ready = self.ready(cell, spec)?;
        let snapshot = self.snapshot(&ready).map_err(|failure| anyhow!(failure.message))?;
        self.attributor.attribute(&self.subject(&ready, &snapshot, None))
    }

    /// The machine that the cell gets a copy of, if cells are copies. Without one it resumes from its snapshot.
    fn server(&self, ready: &GuestCell<'_>, snapshot: &Snapshot) -> Option<Arc<ForkServer>> {
        if self.history_of(ready.cell) != History::Forked {
            return None;
        }
        let (recipe, machine) = (self.recipe(ready), machine(ready.cell));
        let place = Place { guests: &self.guests, recipe, snapshot, machine };
        let GuestCell { kernel, boot_line, .. } = ready;
        let boot = Boot { vmlinux: &kernel.vmlinux, image: &self.guests.image, boot_line };
        let key = recipe.key(machine);
        // Without such a machine the cell has a slower guest, which is still faster than to wait for a boot.
        if !self.histories.are_forced() && self.servers.is_booting(&key) {
            return None;
        }
        let booted = self.attributor.booted(&self.servers, &place, &boot).ok()?;
        let options = GuestOptions { payload: ready.payload(), ..self.guests.options(machine, 0) };
        let attached = self.servers.attached(&key, &booted, ready.attach(), &options);
        // Why the monitor cannot be attached is what the cell's own guest will say.
        Some(attached.unwrap_or(booted))
    }

    /// The cell, ready to run.
    ///
    /// # Errors
    /// When it cannot run.
    fn ready<'a>(&'a self, cell: &'a Cell, spec: &CellSpec) -> Result<Box<GuestCell<'a>>> {
        match self.guests.prepare(cell, spec)? {
            Preparation::Ready(ready) => Ok(ready),
            Preparation::Unsupported(why) => bail!("{cell} is unsupported: {why}"),
        }
    }

    fn history_of(&self, cell: &Cell) -> History {
        self.histories.of(cell)
    }

    fn subject<'a>(
        &'a self,
        ready: &'a GuestCell<'_>,
        snapshot: &'a Snapshot,
        server: Option<&'a Arc<ForkServer>>,
    ) -> Subject<'a> {
        let start = match (self.history_of(ready.cell), server) {
            (History::Cold, _) => self.guests.boot(ready),
            (_, Some(server)) => Start::Fork(server),
            _ => Start::Restore(snapshot),
        };
        let (recipe, machine) = (self.recipe(ready), machine(ready.cell));
        Subject { guests: &self.guests, cell: ready.cell, ready, start, recipe, snapshot, machine }
    }

    fn recipe<'a>(&'a self, ready: &'a GuestCell<'_>) -> Recipe<'a> {
        self.recipe_of(ready.kernel, &ready.boot_line)
    }

    pub(super) fn recipe_of<'a>(&'a self, kernel: &'a Kernel, boot_line: &'a str) -> Recipe<'a> {
        let Guests { provisions, image, .. } = &self.guests;
        let image_sha256 = &provisions.image.record.sha256;
        Recipe { kernel, image, image_sha256, boot_line, qemu: &provisions.qemu }
    }

    fn snapshot(&self, ready: &GuestCell<'_>) -> Result<Snapshot, Failure> {
        self.snapshot_of(ready.kernel, ready.cell, &ready.boot_line)
    }

    /// The snapshot of `kernel`, booted with `boot_line` on the machine of `cell`.
    pub(super) fn snapshot_of(
        &self,
        kernel: &Kernel,
        cell: &Cell,
        boot_line: &str,
    ) -> Result<Snapshot, Failure> {
        self.snapshots.obtain(&kernel.name, cell.boot, boot_line, || {
            let recipe = self.recipe_of(kernel, boot_line);
            let options = self.guests.options(machine(cell), 0);
            Snapshot::obtain(&recipe, &self.guests.provisions.cache, &options, &|_| ()).map_err(no_snapshot)
        })
    }
}

impl Session for ExactSession {
    fn environment(&self) -> &Environment {
        &self.environment
    }

    fn history(&self, cell: &Cell) -> Option<History> {
        Some(self.history_of(cell))
    }

    fn group(&self, cell: &Cell) -> String {
        match self.history_of(cell) {
            History::Forked => {
                let Cell { kernel, boot, monitor, tuning, schedule, .. } = cell;
                let readers_first = *schedule == Schedule::Delivered;
                format!("{kernel}/{boot}/{monitor}[{tuning}]/{readers_first}")
            }
            History::Cold | History::Restored => String::new(),
        }
    }

    fn run(&self, cell: &Cell, spec: &CellSpec) -> Answered {
        let outcome = self.try_run(cell, spec);
        outcome.unwrap_or_else(|error| Answered::prevented(FailureKind::Qemu, &error))
    }
}

/// The file of an explanation.
fn attachment(explained: &Explanation) -> Result<Attachment> {
    Attachment::new(explanation::KIND, serde_json::to_vec(explained)?)
}

/// The machine of `cell`.
pub(super) fn machine(cell: &Cell) -> Machine {
    tcg(cell.boot.cpus, cell.boot.memory_mib)
}

fn tcg(cpus: u16, memory_mib: u32) -> Machine {
    Machine::Tcg(Tcg { cpus, memory_mib })
}

/// Why no cost is divided; empty if they are.
fn unattributed(qemu: &Qemu, options: &ExactOptions) -> Result<String> {
    Ok(match options.attribution {
        false => "attribution was switched off (--no-attribution)".into(),
        true if !qemu.has_plugins()? => "this QEMU was built without plugins".into(),
        true => String::new(),
    })
}
