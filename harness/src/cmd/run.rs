//! `hookbench run`: expands a plan, runs its cells in a session, appends them to a
//! journal and renders the report. If anything stops the run, hookbench prints what it
//! kept and how to resume.

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
    /// Kernels: names, globs, paths of a bzImage or vmlinux, or `all` for every known kernel
    #[arg(long, value_name = "KERNEL,…", value_delimiter = ',')]
    pub(super) kernel: Vec<String>,
    /// Folder with the modules and configuration of your kernel, lib/modules/VERSION
    #[arg(long, value_name = "DIR")]
    pub(super) modules: Option<PathBuf>,
    /// Modules from the --modules folder to load in each guest, with their dependencies
    #[arg(long, value_name = "MODULE,…", value_delimiter = ',', requires = "modules")]
    pub(super) load: Vec<String>,
    /// Workloads: names, globs, or custom ones (cmd:COMMAND, syscalls:FILE.toml)
    #[arg(long, value_name = "WORKLOAD,…", conflicts_with = "plan")]
    pub(super) workload: Vec<String>,
    /// Monitors: names, globs, or custom ones (bpf:FILE.o, audit:FILE.rules, cmd:COMMAND);
    /// hookbench always measures `none` too, as the baseline
    #[arg(long, value_name = "MONITOR,…", conflicts_with = "plan")]
    pub(super) monitor: Vec<String>,
    /// Wait until the output of a cmd:COMMAND monitor matches this before measuring [default:
    /// only wait until it is idle]
    #[arg(long, value_name = "REGEX")]
    pub(super) ready: Option<String>,
    /// Payload of a cmd:COMMAND workload or monitor: names of Debian packages, paths of files
    /// and folders
    #[arg(long, value_name = "PACKAGE|PATH,…", value_delimiter = ',')]
    pub(super) bring: Vec<String>,
    /// Exit code that a cmd:COMMAND workload must return [default: 0]
    #[arg(long, value_name = "CODE")]
    pub(super) expect_exit: Option<i32>,
    /// Schedules: paced, delivered, burst
    #[arg(long, value_name = "SCHEDULE,…", value_delimiter = ',')]
    pub(super) schedule: Vec<Schedule>,
    /// Values of a workload or monitor parameter, for example env_pages=0,32
    #[arg(long, value_name = "NAME=VALUE,…", conflicts_with = "plan")]
    pub(super) param: Vec<String>,
    /// BPF loaders: libbpf, aya; short for --param loader=…
    #[arg(long, value_name = "LOADER,…", value_delimiter = ',', conflicts_with = "plan")]
    pub(super) loader: Vec<String>,
    /// Boot profiles: lean, debian
    #[arg(long, value_name = "PROFILE,…", value_delimiter = ',')]
    pub(super) profile: Vec<Profile>,
    /// Numbers of CPUs in the guest, on which the memory of some monitors depends
    #[arg(long, value_name = "N,…", value_delimiter = ',')]
    pub(super) cpus: Vec<u16>,
    /// Guest memory in MiB, for workloads and monitors that need more than 256
    #[arg(long, value_name = "MIB,…", value_delimiter = ',')]
    pub(super) memory: Vec<u32>,
    /// Number of operations to time in each cell
    #[arg(long, value_name = "N")]
    pub(super) samples: Option<u32>,
    /// Plan, by name or file [default: quick, unless --workload or --monitor is given]
    #[arg(long, value_name = "PLAN")]
    pub(super) plan: Option<String>,
    /// Measure only this cell, named as in reports, without its baseline
    #[arg(long, value_name = "CELL", conflicts_with_all = ["plan", "kernel", "schedule", "param", "loader"])]
    pub(super) cell: Option<String>,
    /// Print the guest's console to standard error while the cell runs
    #[arg(long, requires = "cell")]
    pub(super) console: bool,
    /// Measure only part K of N of the plan; `hookbench merge` joins the parts
    #[arg(long, value_name = "K/N", conflicts_with = "cell")]
    pub(super) shard: Option<Shard>,
    /// Folder for the results [default: runs/PLAN-N]
    #[arg(long, value_name = "DIR")]
    pub(super) out: Option<PathBuf>,
    /// Resume the interrupted run in the --out folder
    #[arg(long, requires = "out")]
    pub(super) resume: bool,
    /// Number of guests to run at once [default: one per core]
    #[arg(long, value_name = "N")]
    pub(super) jobs: Option<usize>,
    /// Boot a guest for each cell instead of restoring a snapshot of a booted guest
    #[arg(long)]
    pub(super) cold: bool,
    /// Time limit of a cell, in seconds of real time
    #[arg(long, value_name = "SECONDS", default_value_t = BUDGET.as_secs())]
    pub(super) timeout: u64,
    /// Where to run: tcg (emulated guests, exact instruction counts), kvm (guests on this CPU,
    /// hardware clocks) or host (this machine, no guest); kvm and host measure each cell in rounds
    #[arg(long, value_name = "TARGET")]
    pub(super) target: Option<Target>,
    /// Hardware clocks to read, tsc first: tsc, perf, ftrace
    #[arg(long, value_name = "CLOCK,…", value_delimiter = ',')]
    pub(super) clock: Vec<Clock>,
    /// Number of rounds on hardware, each in a random order [default: 5]
    #[arg(long, value_name = "N")]
    pub(super) rounds: Option<u32>,
    /// Seed of the random order [default: a new seed for each run, which the run records]
    #[arg(long, value_name = "N")]
    pub(super) seed: Option<u64>,
    /// Allow monitors that deny operations or kill processes on this machine
    #[arg(long)]
    pub(super) enforce_on_host: bool,
    /// Save the run as baselines/NAME, replacing the baseline of that name
    #[arg(long, value_name = "NAME", conflicts_with_all = ["baseline", "shard"])]
    pub(super) save_baseline: Option<String>,
    /// Compare the run with the baseline that --save-baseline NAME saved
    #[arg(long, value_name = "NAME", conflicts_with = "shard")]
    pub(super) baseline: Option<String>,
    /// Fault that the guest commits; for tests
    #[arg(long, hide = true)]
    pub(super) fault: Option<Fault>,
}

impl Args {
    /// Whether the arguments include an option that only applies to hardware clocks.
    pub(super) fn is_about_hardware(&self) -> bool {
        !self.clock.is_empty() || self.rounds.is_some() || self.seed.is_some() || self.enforce_on_host
    }
}

/// Runs the plan and writes its results.
///
/// # Errors
/// When the arguments name something that does not exist, hookbench cannot obtain a
/// kernel or the image, or cannot write the results. A cell that fails is a result: it
/// only changes the exit code.
pub fn run(args: &Args) -> Result<ExitCode> {
    match on_host::target(args).map_err(usage)? {
        Target::Tcg => {}
        Target::Kvm => return on_kvm::run(args),
        Target::Host => return on_host::run(args),
    }
    let asked = asked(args).map_err(usage)?;
    make(args, &asked).map(|made| made.code)
}

/// A completed run.
pub(super) struct Made {
    pub(super) run: Run,
    /// The folder of its results.
    pub(super) folder: PathBuf,
    /// Failure if a cell failed.
    pub(super) code: ExitCode,
}

/// Runs the cells of `asked` in guests and writes their results.
///
/// # Errors
/// Those of [`run`].
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
    // Another run may have finished in this folder in the meantime.
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

/// Measures the remaining cells of the run in `folder` and writes its results.
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
            format!("{ended} of {all} cells have ended and are kept in {path}; resume with:\n    {go_on}");
        return Err(Stopped { signal, told }.into());
    }
    let measurements = planned.iter().filter_map(|planned| done.remove(&planned.cell)).collect();
    let run = Run { measurements, ..run };
    let code = finish(&run, args, planned, folder)?;
    Ok((run, code))
}

/// What hookbench kept when an error outside any cell ended the run, and how to resume.
fn kept(error: &anyhow::Error, folder: &Path) -> String {
    use std::io::ErrorKind::{FileTooLarge, QuotaExceeded, StorageFull};
    let full = error.chain().filter_map(|cause| cause.downcast_ref::<std::io::Error>());
    let full =
        full.map(std::io::Error::kind).any(|kind| [StorageFull, QuotaExceeded, FileTooLarge].contains(&kind));
    let first = if full { "free some space, then " } else { "" };
    let go_on = again::resume(again::words(), folder);
    format!("finished measurements are kept in {}; {first}resume with:\n    {go_on}", folder.display())
}

/// Checks that this run may write into the `--out` folder.
pub(super) fn may_use(args: &Args) -> Result<()> {
    let Some(folder) = &args.out else { return Ok(()) };
    match (holds(folder)?, args.resume) {
        (Holds::Run, false) => {
            bail!(
                "{} already holds a run; choose another --out, or resume that run with --resume",
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
    // The mirror may have lost every kernel of a shard: other shards have the rest.
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
    // A progress bar and the guest's console would garble each other.
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

    /// Parses the arguments in `line`.
    pub(in crate::cmd) fn args(line: &str) -> Args {
        Command::try_parse_from(std::iter::once("run").chain(line.split_whitespace())).unwrap().args
    }
}
