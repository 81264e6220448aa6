//! `hookbench run`: a plan, a session, a journal, a report. Whatever stops it, it
//! says what was kept and how to go on.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use hookbench_model::protocol::Fault;
use hookbench_model::{Cell, Clock, History, Measurement, Profile, Schedule, Target};
use hookbench_reports::terminal;
use hookbench_results::run::SCHEMA;
use hookbench_results::store::{Journal, save};
use hookbench_results::{Environment, Run, Shard};

use super::asked::{Asked, asked};
use super::earlier::{earlier, is_of};
use super::progress::Progress;
use super::report::{render, say_where};
use super::{again, baselined, on_host, on_kvm, say, usage};
use crate::folder::{Folder, Holds, holds};
use crate::plan::Planned;
use crate::qemu::{BUDGET, QemuSession};
use crate::runner::{self, Event};
use crate::session::Session;
use crate::stop::{Stop, Stopped};

/// Arguments of `hookbench run`.
#[derive(Debug, Clone, clap::Args)]
#[command(after_help = super::EXIT_CODES)]
pub struct Args {
    /// Kernels by name, glob, or path of a bzImage or vmlinux; `all` known ones
    #[arg(long, value_name = "KERNEL,…", value_delimiter = ',')]
    pub(super) kernel: Vec<String>,
    /// The folder of one's own kernel's modules and configuration, lib/modules/VERSION
    #[arg(long, value_name = "DIR")]
    pub(super) modules: Option<PathBuf>,
    /// Modules in that folder to be loaded in each guest, with those that they need
    #[arg(long, value_name = "MODULE,…", value_delimiter = ',', requires = "modules")]
    pub(super) load: Vec<String>,
    /// Workloads by name or glob, or one's own: cmd:COMMAND, syscalls:FILE.toml
    #[arg(long, value_name = "WORKLOAD,…", conflicts_with = "plan")]
    pub(super) workload: Vec<String>,
    /// Monitors by name or glob, or one's own: bpf:FILE.o, audit:FILE.rules, cmd:COMMAND;
    /// `none` is always measured as well, as the baseline
    #[arg(long, value_name = "MONITOR,…", conflicts_with = "plan")]
    pub(super) monitor: Vec<String>,
    /// What a cmd:COMMAND has to have written before it counts as ready [default: nothing;
    /// it only has to rest]
    #[arg(long, value_name = "REGEX")]
    pub(super) ready: Option<String>,
    /// What a cmd:COMMAND needs, workload or monitor: Debian packages by name, files and
    /// folders by path
    #[arg(long, value_name = "PACKAGE|PATH,…", value_delimiter = ',')]
    pub(super) bring: Vec<String>,
    /// The exit code that a workload cmd:COMMAND has to end with [default: 0]
    #[arg(long, value_name = "CODE")]
    pub(super) expect_exit: Option<i32>,
    /// Schedules: paced, delivered, burst
    #[arg(long, value_name = "SCHEDULE,…", value_delimiter = ',')]
    pub(super) schedule: Vec<Schedule>,
    /// Values of a parameter of workloads or monitors, as in env_pages=0,32
    #[arg(long, value_name = "NAME=VALUE,…", conflicts_with = "plan")]
    pub(super) param: Vec<String>,
    /// Who loads BPF objects: libbpf, aya; short for loader=… of those monitors that have it
    #[arg(long, value_name = "LOADER,…", value_delimiter = ',', conflicts_with = "plan")]
    pub(super) loader: Vec<String>,
    /// Boot profiles: lean, debian
    #[arg(long, value_name = "PROFILE,…", value_delimiter = ',')]
    pub(super) profile: Vec<Profile>,
    /// Numbers of CPUs of the guest, for what a monitor's memory depends on
    #[arg(long, value_name = "N,…", value_delimiter = ',')]
    pub(super) cpus: Vec<u16>,
    /// The guest's memory in MiB, for what needs more than 256
    #[arg(long, value_name = "MIB,…", value_delimiter = ',')]
    pub(super) memory: Vec<u32>,
    /// How many operations are timed in each cell
    #[arg(long, value_name = "N")]
    pub(super) samples: Option<u32>,
    /// A plan by name or file; `quick` when neither workloads nor monitors are named
    #[arg(long, value_name = "PLAN")]
    pub(super) plan: Option<String>,
    /// The one cell of this name, as reports show it; without a baseline
    #[arg(long, value_name = "CELL", conflicts_with_all = ["plan", "kernel", "schedule", "param", "loader"])]
    pub(super) cell: Option<String>,
    /// Show the guest's console on standard error while the cell runs
    #[arg(long, requires = "cell")]
    pub(super) console: bool,
    /// Measure a part of the plan, as the second of eight; `hookbench merge` joins them
    #[arg(long, value_name = "K/N", conflicts_with = "cell")]
    pub(super) shard: Option<Shard>,
    /// The folder for the results [default: runs/PLAN-N]
    #[arg(long, value_name = "DIR")]
    pub(super) out: Option<PathBuf>,
    /// Go on with the interrupted run in the folder
    #[arg(long, requires = "out")]
    pub(super) resume: bool,
    /// How many guests run at once [default: one per core]
    #[arg(long, value_name = "N")]
    pub(super) jobs: Option<usize>,
    /// Boot for each cell, instead of going on from a snapshot of a booted guest
    #[arg(long)]
    pub(super) cold: bool,
    /// How long a cell may take, in seconds of real time
    #[arg(long, value_name = "SECONDS", default_value_t = BUDGET.as_secs())]
    pub(super) timeout: u64,
    /// Where cells run: tcg (guests, exact), kvm (guests, by the clocks of hardware) or host (this
    /// machine itself); on hardware in rounds
    #[arg(long, value_name = "TARGET")]
    pub(super) target: Option<Target>,
    /// The clocks of hardware, tsc first: tsc, perf, ftrace
    #[arg(long, value_name = "CLOCK,…", value_delimiter = ',')]
    pub(super) clock: Vec<Clock>,
    /// How often each cell is measured on hardware, in a random order each time [default: 5]
    #[arg(long, value_name = "N")]
    pub(super) rounds: Option<u32>,
    /// Where the random order begins [default: another one each time; it is recorded]
    #[arg(long, value_name = "N")]
    pub(super) seed: Option<u64>,
    /// Allow monitors that refuse or kill, on this machine itself
    #[arg(long)]
    pub(super) enforce_on_host: bool,
    /// Keep the run in baselines/NAME, instead of what was kept under that name
    #[arg(long, value_name = "NAME", conflicts_with_all = ["baseline", "shard"])]
    pub(super) save_baseline: Option<String>,
    /// Compare the run with the one that --save-baseline kept
    #[arg(long, value_name = "NAME", conflicts_with = "shard")]
    pub(super) baseline: Option<String>,
    /// What the guest has to do wrong; for tests
    #[arg(long, hide = true)]
    pub(super) fault: Option<Fault>,
}

impl Args {
    /// Whether something is asked for that only clocks of hardware have.
    pub(super) fn is_about_hardware(&self) -> bool {
        !self.clock.is_empty() || self.rounds.is_some() || self.seed.is_some() || self.enforce_on_host
    }
}

/// Runs the plan and writes its results.
///
/// # Errors
/// When what is asked for does not exist, a kernel or the image cannot be had,
/// or results cannot be written. Cells that fail are results: the exit code says so.
pub fn run(args: &Args) -> Result<ExitCode> {
    match on_host::target(args).map_err(usage)? {
        Target::Tcg => {}
        Target::Kvm => return on_kvm::run(args),
        Target::Host => return on_host::run(args),
    }
    let asked = asked(args).map_err(usage)?;
    make(args, &asked).map(|made| made.code)
}

/// A run that was made.
pub(super) struct Made {
    pub(super) run: Run,
    /// Where it is.
    pub(super) folder: PathBuf,
    /// Whether a cell failed.
    pub(super) code: ExitCode,
}

/// Runs what is `asked` for, in guests, and writes its results.
///
/// # Errors
/// As [`run`].
pub(super) fn make(args: &Args, asked: &Asked) -> Result<Made> {
    may_use(args).map_err(usage)?;
    baselined::check(args).map_err(usage)?;
    let session = open(asked, args)?.for_cells(asked.planned.iter().map(|planned| &planned.cell))?;
    let stop = Stop::on_signals().context("failed to listen to signals")?;
    let session = session.stopped_by(&stop);
    let folder = match &args.out {
        Some(path) => Folder::take(path)?,
        None => Folder::free(&asked.plan)?,
    };
    // Another run may have ended here meanwhile.
    may_use(args).map_err(usage)?;
    let begun = empty(asked, session.environment());
    let before = if args.resume { earlier(folder.path(), &begun)? } else { None };
    let filled = fill(args, asked, &session, &stop, folder.path(), before);
    let (run, code) = filled.map_err(|error| match error.is::<Stopped>() {
        true => error,
        false => anyhow!("{error:#}\n{}", kept(&error, folder.path())),
    })?;
    Ok(Made { run, folder: folder.path().into(), code })
}

/// Measures what is left of the run in `folder`, and writes its results.
fn fill(
    args: &Args,
    asked: &Asked,
    session: &QemuSession,
    stop: &Stop,
    folder: &Path,
    earlier: Option<HashMap<Cell, Measurement>>,
) -> Result<(Run, ExitCode)> {
    let planned = asked.here();
    let run = empty(asked, session.environment());
    let mut done = match earlier {
        Some(earlier) => earlier,
        None => save(&run, folder).map(|()| HashMap::new())?,
    };
    let by_cell: HashMap<&Cell, &Planned> = planned.iter().map(|p| (&p.cell, p)).collect();
    done.retain(|cell, measurement| {
        by_cell.get(cell).is_some_and(|p| is_of(measurement, p, session.history()))
    });
    let left: Vec<Planned> = planned.iter().filter(|p| !done.contains_key(&p.cell)).cloned().collect();
    measure(args, session, &left, stop, folder, &mut done)?;
    if let Some(signal) = stop.signal().filter(|_| done.len() < planned.len()) {
        let go_on = again::resume(again::words(), folder);
        let (ended, all, path) = (done.len(), planned.len(), folder.display());
        let told =
            format!("{ended} of {all} cells have ended and are kept in {path}; go on with:\n    {go_on}");
        return Err(Stopped { signal, told }.into());
    }
    let measurements = planned.iter().filter_map(|planned| done.remove(&planned.cell)).collect();
    let run = Run { measurements, ..run };
    let code = finish(&run, args, planned, folder)?;
    Ok((run, code))
}

/// What to do after an error that is none of a cell's.
fn kept(error: &anyhow::Error, folder: &Path) -> String {
    use std::io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
    let full = error.chain().filter_map(|cause| cause.downcast_ref::<std::io::Error>());
    let full =
        full.map(std::io::Error::kind).any(|kind| [StorageFull, QuotaExceeded, FileTooLarge].contains(&kind));
    let first = if full { "free some space, and " } else { "" };
    let go_on = again::resume(again::words(), folder);
    format!("what was measured is kept in {}; {first}go on with:\n    {go_on}", folder.display())
}

/// Whether the folder that is asked for may be written into.
pub(super) fn may_use(args: &Args) -> Result<()> {
    let Some(folder) = &args.out else { return Ok(()) };
    match (holds(folder)?, args.resume) {
        (Holds::Run, false) => {
            bail!(
                "{} holds a run already; give another --out, or --resume to go on with it",
                folder.display()
            )
        }
        (Holds::Nothing | Holds::Others, true) => bail!("{} holds no run to resume", folder.display()),
        _ => Ok(()),
    }
}

fn open(asked: &Asked, args: &Args) -> Result<QemuSession> {
    let progress = Progress::begin("fetch", 0);
    let budget = Duration::from_secs(args.timeout);
    let say = |message: &str| progress.say(message);
    // Of a shard's kernels, all may be gone: others have the rest.
    let least = usize::from(asked.shard.is_none());
    let session = QemuSession::open(&asked.kernels_here(), least, budget, &say)?;
    let session = session.with_modules(&asked.with_modules(), &say).with_own(asked.owns.clone(), &say)?;
    let session = session.with_works(asked.works.clone(), &say)?;
    let session = match &asked.loadable {
        Some(loadable) => session.with_loadable(loadable.clone()),
        None => session,
    };
    let session = if args.cold { session.with_history(History::Cold) } else { session };
    Ok(if args.console { session.with_console(say::console) } else { session })
}

fn empty(asked: &Asked, environment: &Environment) -> Run {
    let (plan, environment) = (asked.plan.clone(), environment.clone());
    Run { schema: SCHEMA, plan, shard: asked.shard, environment, measurements: Vec::new() }
}

fn measure(
    args: &Args,
    session: &QemuSession,
    left: &[Planned],
    stop: &Stop,
    folder: &Path,
    done: &mut HashMap<Cell, Measurement>,
) -> Result<()> {
    let mut journal = Journal::open(folder)?;
    let jobs = args.jobs.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, Into::into));
    // A bar and a guest's console on the same lines would be neither.
    let mut progress =
        if args.console { Progress::plain(left.len()) } else { Progress::begin("cells", left.len()) };
    let heard = |event| {
        match event {
            Event::Begun(cell) => progress.begun(&cell),
            Event::Ended(measurement, took) => {
                journal.append(&measurement)?;
                progress.ended(&measurement, took);
                done.insert(measurement.cell.clone(), *measurement);
            }
        }
        Ok(())
    };
    runner::run(session, left, jobs, args.fault, stop, heard)
}

pub(super) fn finish(run: &Run, args: &Args, planned: &[Planned], folder: &Path) -> Result<ExitCode> {
    save(run, folder)?;
    render(run, folder)?;
    say::result(&terminal::table(run))?;
    say_where(folder)?;
    baselined::after(run, folder, args)?;
    match again::failures(&run.measurements, planned, args) {
        Some(told) => {
            say::aside(&told);
            Ok(ExitCode::FAILURE)
        }
        None => Ok(ExitCode::SUCCESS),
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Command {
        #[command(flatten)]
        args: Args,
    }

    /// The arguments in `line`.
    pub(in crate::cmd) fn args(line: &str) -> Args {
        Command::try_parse_from(std::iter::once("run").chain(line.split_whitespace())).unwrap().args
    }
}
