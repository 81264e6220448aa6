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
use hookbench_vm::guest::{Error, GuestOptions};
use hookbench_vm::machine::{CPU, Machine, Qemu, Tcg};

use super::attribution::{Attributed, Attributor, Divided, Subject, baseline_order, undivided};
use super::cell::{GuestCell, Guests, Preparation};
use super::environment::{arguments, memory, of_guests};
use super::fork_servers::{ForkServers, Repeats};
use super::histories::Histories;
use super::provisions::Provisions;
use super::site::Beginning;
use super::snapshots::Snapshots;
use crate::interrupt::Interrupt;
use crate::session::{Answered, Session};
use crate::verify::check::TargetRules;
use crate::verify::requirements::boot_line;

/// The default time limit of a cell, in real time. A busy guest reaches the cell's budget of
/// its own time first, also on a slow machine.
pub const BUDGET: Duration = Duration::from_secs(600);

/// Guests under TCG with the exact clock.
pub struct ExactSession {
    pub(super) guests: Guests,
    pub(super) histories: Histories,
    pub(super) snapshots: Snapshots,
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
        match self.run_divided(&ready, self.keep_stacks.iter().any(|keep| keep.matches(cell))) {
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
    fn run_divided(&self, ready: &GuestCell<'_>, explains: bool) -> Result<Divided> {
        let baseline = || self.baseline(ready.cell, &ready.spec, explains);
        let run = |subject: &Subject<'_>| self.attributor.run(subject, explains, baseline);
        self.copied_or(ready, || self.alone(ready), run)
    }

    /// Measures the cell and explains its cost by function.
    ///
    /// # Errors
    /// When the cell is not measured, has no cost or several CPUs, or its instructions cannot be attributed.
    pub fn explain(&self, cell: &Cell, spec: &CellSpec) -> Result<Explanation> {
        let ready = self.ready(cell, spec)?;
        ensure!(self.divides(&ready), "its cost cannot be divided into the hook and its side effects");
        let Divided { outcome, explanation } = self.run_divided(&ready, true)?;
        explanation
            .with_context(|| format!("it was not measured, but {}: {}", outcome.word(), outcome.reason()))
    }

    /// Runs the cell without the plugin.
    fn run_plain(&self, ready: &GuestCell<'_>) -> Outcome {
        let run = |begin: &Beginning<'_>| self.guests.run(ready, begin.start(), machine(ready.cell));
        let forked = self.copied(ready).map(|begin| run(&begin));
        let answer = match forked {
            // A copy that died says nothing about its cell.
            None | Some(Err(Error::Qemu { .. })) => match self.begin_alone(ready) {
                Ok(begin) => run(&begin),
                Err(failure) => return Outcome::Failed(failure),
            },
            Some(answer) => answer,
        };
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
        // However the guest begins, the baseline is the same.
        let run = |subject: &Subject<'_>| self.attributor.baseline(subject, explains);
        self.copied_or(&ready, || self.resumed(&ready.site()), run)
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
        let begin = self.alone(&ready)?;
        self.with_subject(&ready, &begin, |subject| self.attributor.attribute(subject))
    }

    /// The machine that the cell gets a copy of; `None` if it gets none.
    fn copied(&self, ready: &GuestCell<'_>) -> Option<Beginning<'static>> {
        if self.histories.of(ready.cell) != History::Forked {
            return None;
        }
        let site = ready.site();
        if self.goes_ahead(&site) {
            return None;
        }
        let booted = self.booted(&site).ok()?;
        let options = GuestOptions { payload: ready.payload(), ..self.guests.options(site.machine, 0) };
        let attached = self.servers.attached(&self.key(&site), &booted, ready.attach(), &options);
        // Why the monitor cannot be attached is what the cell's own guest will say.
        Some(Beginning::Machine(attached.unwrap_or(booted)))
    }

    /// Where the guest of the cell begins if it is no copy.
    fn begin_alone<'a>(&'a self, ready: &'a GuestCell<'_>) -> Result<Beginning<'a>, Failure> {
        Ok(match self.histories.of(ready.cell) {
            History::Cold => Beginning::Boot(self.guests.boot(ready.kernel, &ready.boot_line)),
            History::Restored | History::Forked => Beginning::Snapshot(self.snapshot(&ready.site())?),
        })
    }

    fn alone<'a>(&'a self, ready: &'a GuestCell<'_>) -> Result<Beginning<'a>> {
        self.begin_alone(ready).map_err(|failure| anyhow!(failure.message))
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

    /// Calls `run` with the cell in a copy of its machine. If there is none, or `run` fails, the cell gets a guest that
    /// begins where `otherwise` says: a copy that died says nothing about its cell.
    fn copied_or<'a, T>(
        &self,
        ready: &GuestCell<'_>,
        otherwise: impl FnOnce() -> Result<Beginning<'a>>,
        run: impl Fn(&Subject<'_>) -> Result<T>,
    ) -> Result<T> {
        if let Some(begin) = self.copied(ready)
            && let Ok(done) = self.with_subject(ready, &begin, &run)
        {
            return Ok(done);
        }
        self.with_subject(ready, &otherwise()?, &run)
    }

    /// Calls `run` with the cell, whose guest begins there.
    fn with_subject<T>(
        &self,
        ready: &GuestCell<'_>,
        begin: &Beginning<'_>,
        run: impl FnOnce(&Subject<'_>) -> Result<T>,
    ) -> Result<T> {
        let site = ready.site();
        let (key, kernel) = (self.key(&site), self.symbols(&site, begin.is_copy())?);
        run(&Subject {
            guests: &self.guests,
            cell: ready.cell,
            ready,
            start: begin.start(),
            site: &key,
            machine: site.machine,
            kernel: &kernel,
        })
    }
}

impl Session for ExactSession {
    fn environment(&self) -> &Environment {
        &self.environment
    }

    fn history(&self, cell: &Cell) -> Option<History> {
        Some(self.histories.of(cell))
    }

    fn group(&self, cell: &Cell) -> String {
        match self.histories.of(cell) {
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
