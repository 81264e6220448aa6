//! One cell on its way through a guest: what its kernel and payload are, how its guest
//! runs, and what its answer means. Both sessions of guests use it; whether the guest
//! boots or resumes, and on which machine, is theirs to decide.

use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use hookbench_model::protocol::CellSpec;
use hookbench_model::{Behaviour, Cell, Measured, Outcome};
use hookbench_probes::Monitor;
use hookbench_vm::console::Show;
use hookbench_vm::guest::{self, Answer, Boot, Error, GuestOptions, Orders, Start};
use hookbench_vm::kernel::Kernel;
use hookbench_vm::machine::Machine;
use hookbench_vm::payload::Payload;
use hookbench_vm::scratch::Scratch;
use tempfile::TempDir;

use super::exact::machine;
use super::provisions::Provisions;
use super::site::Site;
use crate::custom::module::{self, ModuleFile};
use crate::interrupt::Interrupt;
use crate::verify::check::TargetRules;
use crate::verify::modules;
use crate::verify::outcome::{accept_answer, failure};
use crate::verify::requirements::{boot_line, missing};

/// How long attaching a monitor of ours may take, in seconds of the guest's time: many times what any takes.
const ATTACH_BUDGET: u64 = 60;

/// The guests of a session: what they get, and the limits within which they run.
pub(super) struct Guests {
    pub(super) provisions: Provisions,
    pub(super) image: PathBuf,
    pub(super) budget: Duration,
    pub(super) console: Option<Show>,
    pub(super) interrupt: Interrupt,
    scratch: Scratch,
}

/// What `Guests::prepare` makes of a cell.
pub(super) enum Preparation<'a> {
    /// The cell can run.
    Ready(Box<GuestCell<'a>>),
    /// The cell cannot run on its kernel, for this reason.
    Unsupported(String),
}

/// A cell that is ready to run.
pub(super) struct GuestCell<'a> {
    pub(super) cell: &'a Cell,
    pub(super) kernel: &'a Kernel,
    pub(super) spec: CellSpec,
    /// The kernel's command line.
    pub(super) boot_line: String,
    monitor: Monitor,
    /// What to attach, as the agent gets it.
    attach: Vec<u8>,
    /// The specification, likewise.
    order: Vec<u8>,
    monitor_payload: Option<PathBuf>,
    workload_payload: Option<PathBuf>,
    /// Holds the archives of the payload.
    _folder: TempDir,
}

impl Guests {
    /// Guests with these provisions and limits.
    ///
    /// # Errors
    /// When no folder for their files can be created.
    pub(super) fn new(
        provisions: Provisions,
        budget: Duration,
        console: Option<Show>,
        interrupt: Interrupt,
    ) -> Result<Guests> {
        let image = provisions.image.path();
        Ok(Guests { provisions, image, budget, console, interrupt, scratch: Scratch::open()? })
    }

    /// Checks what `cell` requires and packs its payload.
    ///
    /// # Errors
    /// When a payload is missing or cannot be packed.
    pub(super) fn prepare<'a>(&'a self, cell: &'a Cell, spec: &CellSpec) -> Result<Preparation<'a>> {
        let Provisions { kernels, gone, modules, stock, monitors, workloads, cache, .. } = &self.provisions;
        if let Some(why) = gone.get(&cell.kernel) {
            return Ok(Preparation::Unsupported(why.clone()));
        }
        let kernel = kernels.get(&cell.kernel).context("the session was opened without this kernel")?;
        let monitor = hookbench_probes::find(&cell.monitor).context("no such monitor")?;
        if let Some(why) = missing(monitor, kernel, cell)? {
            return Ok(Preparation::Unsupported(why));
        }
        let spec = CellSpec { work: workloads.find(&cell.workload)?, ..spec.clone() };
        let found = hookbench_workloads::for_cell(&spec).context("no such workload")?;
        let behaviour = Behaviour::find(found.info().behaviour).context("no such behaviour")?;
        let attach = monitor.order(&spec, behaviour, ATTACH_BUDGET + monitors.attach_seconds(&cell.monitor));
        let attach = serde_json::to_vec(&attach).context("failed to render what to attach")?;
        let order = serde_json::to_vec(&spec).context("failed to render the cell")?;
        let folder = self.folder("payload")?;
        let monitor_payload = match monitor.sink.requires.module {
            Some(name) => match modules.find(kernel, name, cache)? {
                ModuleFile::Built(file) => Some(module::pack(&file, folder.path())?),
                ModuleFile::Unsupported(why) => return Ok(Preparation::Unsupported(why)),
            },
            None => monitors.pack(&cell.monitor, kernel, folder.path())?,
        };
        let module = found.module();
        let stock_files = match module.map(|name| stock.files(name, kernel, cache)).transpose()? {
            Some(Err(why)) => return Ok(Preparation::Unsupported(why)),
            Some(Ok(files)) => files,
            None => Vec::new(),
        };
        let loaded = &self.provisions.loaded;
        let workload_payload = workloads.pack(&cell.workload, stock_files, loaded, folder.path())?;
        let boot_line = boot_line(monitor, kernel, cell)?;
        Ok(Preparation::Ready(Box::new(GuestCell {
            cell,
            kernel,
            spec,
            boot_line,
            monitor,
            attach,
            order,
            monitor_payload,
            workload_payload,
            _folder: folder,
        })))
    }

    /// The options of a guest without a payload, whose answer has so many samples.
    pub(super) fn options(&self, machine: Machine, samples: u32) -> GuestOptions<'_> {
        GuestOptions {
            budget: self.budget,
            samples,
            qemu: &self.provisions.program,
            machine,
            scratch: &self.scratch,
            stop: self.interrupt.flag(),
            console: self.console,
            payload: Payload::default(),
            plugin: None,
            sends_symbols: false,
            symbols: 0,
        }
    }

    /// Runs `ready` in a guest that begins with `start`.
    ///
    /// # Errors
    /// Those of a guest.
    pub(super) fn run(
        &self,
        ready: &GuestCell<'_>,
        start: Start<'_>,
        machine: Machine,
    ) -> Result<Answer, Error> {
        self.run_with(ready, start, &self.options(machine, ready.spec.samples))
    }

    /// Like [`run`](Guests::run), with these options; the payload is added.
    ///
    /// # Errors
    /// Those of a guest.
    pub(super) fn run_with(
        &self,
        ready: &GuestCell<'_>,
        start: Start<'_>,
        options: &GuestOptions<'_>,
    ) -> Result<Answer, Error> {
        let options = GuestOptions { payload: ready.payload(), ..*options };
        guest::run(start, Orders { first: &ready.attach, cell: &ready.order }, &options)
    }

    /// Makes a private folder.
    ///
    /// # Errors
    /// When it cannot be made.
    pub(super) fn folder(&self, name: &str) -> Result<TempDir> {
        self.scratch.folder(name).context("failed to create a folder for the cell")
    }

    /// How a guest with this kernel and boot line boots.
    pub(super) fn boot<'a>(&'a self, kernel: &'a Kernel, boot_line: &'a str) -> Boot<'a> {
        Boot { vmlinux: &kernel.vmlinux, image: &self.image, boot_line }
    }
}

impl GuestCell<'_> {
    /// Where its guest begins.
    pub(super) fn site(&self) -> Site<'_> {
        Site { kernel: self.kernel, boot_line: &self.boot_line, machine: machine(self.cell) }
    }

    /// The files that its guest gets.
    pub(super) fn payload(&self) -> Payload<'_> {
        Payload { monitor: self.monitor_payload.as_deref(), workload: self.workload_payload.as_deref() }
    }

    /// What to attach, as the agent gets it.
    pub(super) fn attach(&self) -> &[u8] {
        &self.attach
    }

    /// The archive with what the workload needs, if there is one.
    pub(super) fn workload_payload(&self) -> Option<&Path> {
        self.workload_payload.as_deref()
    }

    /// How many operations the agent makes before the timed ones.
    ///
    /// # Errors
    /// When the cell's workload is unknown.
    pub(super) fn warmup(&self) -> Result<u32> {
        let workload = hookbench_workloads::for_cell(&self.spec).context("no such workload")?;
        Ok(workload.warmup(&self.spec.params, self.monitor.enforcement(&self.spec.tuning), self.spec.warmup))
    }

    /// The outcome in `answer`, with the security modules that were active.
    fn accept(&self, rules: TargetRules, answer: Answer) -> Outcome {
        if let Some(failure) = modules::wrong(self.kernel, &self.boot_line, &answer) {
            return Outcome::Failed(failure);
        }
        let lsm = modules::active(&answer).to_owned();
        match accept_answer(&self.spec, self.monitor, rules, self.cell.boot.cpus, answer) {
            Outcome::Measured(measured) => Outcome::Measured(Measured { lsm, ..measured }),
            other => other,
        }
    }

    /// The outcome of the cell, whose guest ended with `answer`.
    pub(super) fn outcome(&self, rules: TargetRules, answer: Result<Answer, Error>) -> Outcome {
        match answer {
            Ok(answer) => self.accept(rules, answer),
            Err(error) => Outcome::Failed(failure(error)),
        }
    }
}
