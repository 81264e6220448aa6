//! The session that runs each cell in a separate QEMU guest. The guest resumes from a
//! snapshot; under KVM, or with `--cold`, it boots for the cell.

pub mod kvm;
mod snapshots;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context, Result};
use hookbench_model::boot::USUAL_MEMORY;
use hookbench_model::param::ParamInfo;
use hookbench_model::protocol::CellSpec;
use hookbench_model::{Cell, Clock, Failure, FailureKind, History, Outcome, Params, Target};
use hookbench_probes::Monitor;
use hookbench_results::Environment;
use hookbench_results::environment::ImageRecord;
use hookbench_results::store::write_whole;
use hookbench_vm::cache::{Cache, Kind, Lease, Lock, Wanted};
use hookbench_vm::console::Show;
use hookbench_vm::guest::{self, Boot, GuestOptions, Start};
use hookbench_vm::image::{Content, GuestFile};
use hookbench_vm::kernel::Kernel;
use hookbench_vm::loadable::Loadable;
use hookbench_vm::machine::{self, Machine, Tcg};
use hookbench_vm::payload::Payload;
use hookbench_vm::scratch::Scratch;
use hookbench_vm::snapshot::{Recipe, Snapshot};
use hookbench_vm::{image, userland};
use sha2::{Digest, Sha256};

use crate::custom::module::{self, Modules};
use crate::custom::monitor::Owns;
use crate::custom::workload::Works;
use crate::kernels::{Kernels, kernel_record};
use crate::run::interrupt::Stop;
use crate::session::Session;
use crate::session::guests::kvm::Kvm;
use crate::session::guests::snapshots::Snapshots;
use crate::session::host::only_of_this;
use crate::verify::described;
use crate::verify::outcome::{believed, failure, no_snapshot};
use crate::verify::requirements::{boot_line, missing};

/// The agent, which is PID 1 of the guest.
pub(crate) const AGENT: &[u8] = include_bytes!(env!("HOOKBENCH_AGENT"));
/// The program that `execve-noop` executes.
pub(crate) const NOOP: &[u8] = include_bytes!(concat!(env!("OUT_DIR"), "/noop"));

/// The file name of the guest's image in its cache entry.
const IMAGE: &str = "image.cpio";

/// The compiler of the BPF objects in the agent.
pub const BPF_COMPILER: &str = env!("HOOKBENCH_BPF_COMPILER");

/// The default time limit of a cell, in real time: about fifty times what the slowest
/// cell takes on a slow machine.
pub const BUDGET: Duration = Duration::from_secs(120);

/// Guests under TCG with the exact clock, or under KVM with hardware clocks (`kvm.rs`).
pub struct QemuSession {
    kernels: BTreeMap<String, Kernel>,
    /// Kernels that the mirror no longer has, each with the reason, which names what it has.
    gone: BTreeMap<String, String>,
    image: PathBuf,
    /// Keeps the image in the cache. Each kernel in `kernels` has its lease.
    _image: Lease,
    cache: Cache,
    snapshots: Snapshots,
    modules: Modules,
    owns: Owns,
    works: Works,
    /// The modules and configuration of the user's kernel.
    loadable: Loadable,
    history: History,
    scratch: Scratch,
    stop: Stop,
    console: Option<Show>,
    budget: Duration,
    kvm: Option<Kvm>,
    environment: Environment,
}

impl QemuSession {
    /// Obtains the kernels and builds the image, or finds them in the cache.
    ///
    /// # Errors
    /// When QEMU is missing, a kernel cannot be obtained, or the cache cannot be written.
    /// The mirror may lack some kernels if at least `least` remain: cells of the missing
    /// ones are unsupported.
    pub fn open(
        names: &[String],
        least: usize,
        budget: Duration,
        progress: &dyn Fn(&str),
    ) -> Result<QemuSession> {
        let qemu = qemu_version()?;
        let cache = Cache::open()?;
        if !cache.is_writable() {
            progress(&format!(
                "{} is read-only: each run boots the guests that are not in it, and keeps them in {} until it \
                 ends",
                cache.root().display(),
                std::env::temp_dir().display()
            ));
        }
        let Kernels { found, gone } = Kernels::get(names, least, &cache, progress)?;
        let (lease, record) = make_image(&cache, progress)?;
        let environment = Environment {
            hookbench: env!("CARGO_PKG_VERSION").into(),
            target: Target::Tcg,
            clock: Clock::Instructions,
            qemu,
            cpu: machine::CPU.into(),
            memory_mib: USUAL_MEMORY,
            machine: tcg_arguments(1),
            machines: Vec::new(),
            kernels: names.iter().filter_map(|name| found.get(name)).map(kernel_record).collect(),
            image: record,
            custom_monitors: Vec::new(),
            custom_workloads: Vec::new(),
            usual: usual(),
            monitors: described::monitors(),
            bpf_compiler: BPF_COMPILER.into(),
            rustc: env!("HOOKBENCH_RUSTC").into(),
            hardware: None,
        };
        Ok(QemuSession {
            kernels: found,
            gone,
            image: lease.file(IMAGE),
            _image: lease,
            cache,
            snapshots: Snapshots::default(),
            modules: Modules::default(),
            owns: Owns::default(),
            works: Works::default(),
            loadable: Loadable::default(),
            history: History::Restored,
            scratch: Scratch::open()?,
            stop: Stop::default(),
            console: None,
            budget,
            kvm: None,
            environment,
        })
    }

    /// Sets how guests reach the start of a cell.
    #[must_use]
    pub fn with_history(self, history: History) -> QemuSession {
        QemuSession { history, ..self }
    }

    /// Runs guests under KVM with hardware clocks, and boots one for each cell.
    #[must_use]
    pub fn under_kvm(mut self, kvm: Kvm) -> QemuSession {
        kvm.describe(&mut self.environment);
        QemuSession { history: History::Cold, kvm: Some(kvm), ..self }
    }

    /// Builds modules for `kernels`, whose cells need them, and records them in the
    /// environment. If a kernel has none, its cells say why.
    #[must_use]
    pub fn with_modules(mut self, kernels: &BTreeSet<&str>, progress: &dyn Fn(&str)) -> QemuSession {
        for record in &mut self.environment.kernels {
            if let Some(kernel) = self.kernels.get(&record.name).filter(|_| kernels.contains(&*record.name)) {
                record.modules = self.modules.built(kernel, &self.cache, progress);
            }
        }
        self
    }

    /// Adds custom monitors and records them in the environment.
    ///
    /// # Errors
    /// When a package in their payload cannot be obtained.
    pub fn with_own(mut self, mut owns: Owns, progress: &dyn Fn(&str)) -> Result<QemuSession> {
        owns.fetch(&self.cache, progress)?;
        self.environment.custom_monitors = owns.records();
        Ok(QemuSession { owns, ..self })
    }

    /// Adds custom workloads and records them in the environment.
    ///
    /// # Errors
    /// When a program or one of its files cannot be found.
    pub fn with_works(mut self, mut works: Works, progress: &dyn Fn(&str)) -> Result<QemuSession> {
        works.fetch(&self.cache, progress)?;
        self.environment.custom_workloads = works.records();
        Ok(QemuSession { works, ..self })
    }

    /// Adds modules to load in guests with the user's kernel, and its configuration if
    /// none was known.
    #[must_use]
    pub fn with_loadable(mut self, loadable: Loadable) -> QemuSession {
        for kernel in self.kernels.values_mut() {
            kernel.config = kernel.config.take().or_else(|| loadable.config.clone());
        }
        for record in &mut self.environment.kernels {
            record.loaded = loadable.digests();
        }
        QemuSession { loadable, ..self }
    }

    /// Ends all guests as soon as `stop` is requested.
    #[must_use]
    pub fn stopped_by(self, stop: &Stop) -> QemuSession {
        QemuSession { stop: stop.clone(), ..self }
    }

    /// Shows the consoles of guests while they run.
    #[must_use]
    pub fn with_console(self, show: Show) -> QemuSession {
        QemuSession { console: Some(show), ..self }
    }

    /// Records the boot lines and machines of `cells` in the environment.
    ///
    /// # Errors
    /// When a kernel's configuration cannot be read.
    pub fn for_cells<'a>(mut self, cells: impl Iterator<Item = &'a Cell>) -> Result<QemuSession> {
        let mut lines: BTreeMap<(&str, String), BTreeSet<String>> = BTreeMap::new();
        let mut numbers = BTreeSet::new();
        for cell in cells {
            numbers.insert(cell.boot.cpus);
            let (kernel, monitor) = (self.kernels.get(&cell.kernel), hookbench_probes::find(&cell.monitor));
            let (Some(kernel), Some(monitor)) = (kernel, monitor) else { continue };
            let line = self.boot_line(monitor, kernel, cell)?;
            let own = line != self.boot_line(hookbench_probes::none(), kernel, cell)?;
            let who = if own { cell.tuned_monitor() } else { "other monitors".into() };
            lines.entry((&cell.kernel, line)).or_default().insert(format!("{}: {who}", cell.boot));
        }
        let several = numbers.into_iter().filter(|&cpus| cpus > 1);
        self.environment.machines = several.map(|cpus| (cpus, tcg_arguments(cpus))).collect();
        for ((kernel, line), who) in lines {
            if let Some(record) = self.environment.kernels.iter_mut().find(|record| record.name == kernel) {
                let who: Vec<String> = who.into_iter().collect();
                record.boot_lines.push((who.join(", "), line));
            }
        }
        Ok(self)
    }

    /// The environment in which this session measures.
    pub fn environment(&self) -> &Environment {
        &self.environment
    }

    fn try_run(&self, cell: &Cell, spec: &CellSpec) -> Result<Outcome> {
        if let Some(why) = self.gone.get(&cell.kernel) {
            return Ok(Outcome::Unsupported(why.clone()));
        }
        let kernel = self.kernels.get(&cell.kernel).context("the session was opened without this kernel")?;
        let monitor = hookbench_probes::find(&cell.monitor).context("no such monitor")?;
        if let Some(why) = missing(monitor, kernel, cell)? {
            return Ok(Outcome::Unsupported(why));
        }
        let spec = &CellSpec { work: self.works.of(&cell.workload)?, ..spec.clone() };
        let asked = serde_json::to_vec(spec).context("failed to render the cell")?;
        let folder = self.scratch.folder("brought").context("failed to create a folder for the cell")?;
        let mut brought = None;
        if let Some(name) = monitor.sink.requires.module {
            let module = match self.modules.of(kernel, name, &self.cache)? {
                Ok(file) => file,
                Err(why) => return Ok(Outcome::Unsupported(why)),
            };
            brought = Some(module::pack(&module, folder.path())?);
        }
        let brought = match brought {
            None => self.owns.pack(&cell.monitor, kernel, folder.path())?,
            module => module,
        };
        let work = self.works.pack(&cell.workload, &self.loadable.modules, folder.path())?;
        let payload = Payload { monitor: brought.as_deref(), workload: work.as_deref() };
        let options = GuestOptions { payload, ..self.options(cell, spec.samples) };
        let boot_line = self.boot_line(monitor, kernel, cell)?;
        let boot = Boot { vmlinux: &kernel.vmlinux, image: &self.image, boot_line: &boot_line };
        let answer = match self.history {
            History::Cold => guest::run(Start::Boot(boot), &asked, &options),
            History::Restored => match self.snapshot(kernel, cell, &boot_line) {
                Ok(snapshot) => guest::run(Start::Restore(&snapshot), &asked, &options),
                Err(failure) => return Ok(Outcome::Failed(failure)),
            },
        };
        Ok(match answer {
            Ok(answer) => {
                let outcome = believed(spec, monitor, cell.target, cell.boot.cpus, answer);
                if self.kvm.is_some() { only_of_this(spec, outcome) } else { outcome }
            }
            Err(error) => Outcome::Failed(failure(error)),
        })
    }

    fn options(&self, cell: &Cell, samples: u32) -> GuestOptions<'_> {
        GuestOptions {
            budget: self.budget,
            samples,
            machine: self.machine(cell),
            scratch: &self.scratch,
            stop: self.stop.flag(),
            console: self.console,
            payload: Payload::default(),
        }
    }

    fn machine(&self, cell: &Cell) -> Machine {
        let memory_mib = cell.boot.memory_mib;
        match &self.kvm {
            Some(kvm) => kvm.machine(memory_mib),
            None => Machine::Tcg(Tcg { cpus: cell.boot.cpus, memory_mib }),
        }
    }

    /// The kernel's command line for a cell.
    fn boot_line(&self, monitor: Monitor, kernel: &Kernel, cell: &Cell) -> Result<String> {
        let line = boot_line(monitor, kernel, cell)?;
        Ok(self.kvm.as_ref().map_or(line.clone(), |kvm| kvm.boot_line(&line)))
    }

    fn snapshot(&self, kernel: &Kernel, cell: &Cell, boot_line: &str) -> Result<Snapshot, Failure> {
        self.snapshots.of(&kernel.name, cell.boot, boot_line, || {
            let recipe = Recipe {
                kernel,
                image: &self.image,
                image_sha256: &self.environment.image.sha256,
                boot_line,
                qemu: &self.environment.qemu,
            };
            Snapshot::obtain(&recipe, &self.cache, &self.options(cell, 0), &|_| ()).map_err(no_snapshot)
        })
    }
}

impl Session for QemuSession {
    fn clock(&self) -> Clock {
        self.environment.clock
    }

    fn history(&self) -> Option<History> {
        Some(self.history)
    }

    fn run(&self, cell: &Cell, spec: &CellSpec) -> Outcome {
        self.try_run(cell, spec).unwrap_or_else(|error| {
            let message = format!("{error:#}");
            Outcome::Failed(Failure { kind: FailureKind::Qemu, message, console: Vec::new() })
        })
    }
}

/// The default parameters of the monitors that have parameters.
pub(crate) fn usual() -> Vec<(String, Params)> {
    let with = hookbench_probes::monitors().filter(|monitor| !monitor.sink.params.is_empty());
    let of = |info: &ParamInfo| Some((info.name.to_string(), info.usual.first()?.to_string()));
    with.map(|monitor| (monitor.name().to_string(), monitor.sink.params.iter().filter_map(of).collect()))
        .collect()
}

/// The arguments of the exact machine with so many CPUs, as they are recorded.
fn tcg_arguments(cpus: u16) -> Vec<String> {
    let machine = Tcg { cpus, memory_mib: USUAL_MEMORY };
    machine.arguments().into_iter().map(|argument| argument.to_string_lossy().into_owned()).collect()
}

/// The first line of the output of `qemu --version`.
///
/// # Errors
/// When QEMU is not installed or does not start.
pub fn qemu_version() -> Result<String> {
    let output = Command::new(machine::QEMU).arg("--version").output().with_context(|| {
        format!(
            "failed to start {}; install it (Debian: qemu-system-x86), or check with: hookbench doctor",
            machine::QEMU
        )
    })?;
    let text = String::from_utf8_lossy(&output.stdout);
    Ok(text.lines().next().unwrap_or("unknown version").to_string())
}

/// Builds the image with the agent and keeps it in the cache under its hash.
fn make_image(cache: &Cache, progress: &dyn Fn(&str)) -> Result<(Lease, ImageRecord)> {
    let userland = userland::fetch(cache, progress)?;
    let program = |path: &str, bytes: &[u8]| GuestFile {
        path: path.into(),
        mode: 0o755,
        content: Content::File(bytes.to_vec()),
    };
    let mut files = userland.files;
    files.extend([program("init", AGENT), program("noop", NOOP)]);
    let image = image::build(&files).context("failed to build the guest's image")?;
    let wanted = Wanted { kind: Kind::IMAGES, key: &image.sha256, source: "" };
    let make = |_: &Lock, made: &Path| {
        write_whole(&made.join(IMAGE), &image.bytes)?;
        Ok(format!("of hookbench {}", env!("CARGO_PKG_VERSION")))
    };
    let lease =
        cache.obtain(&wanted, progress, make).context("failed to store the guest's image in the cache")?;
    Ok((
        lease,
        ImageRecord { sha256: image.sha256, agent_sha256: agent_sha256(), packages: userland.packages },
    ))
}

/// The SHA-256 of the agent, in hexadecimal.
pub(crate) fn agent_sha256() -> String {
    Sha256::digest(AGENT).iter().map(|byte| format!("{byte:02x}")).collect()
}
