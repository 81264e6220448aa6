//! `hookbench run`: expands a plan, runs its cells in a session, appends them to a
//! journal and renders the report. If anything stops the run, hookbench prints what it
//! kept and how to resume.

mod args;
mod baseline_flags;
mod hints;
pub(super) mod on_host;
mod on_kvm;
mod one_cell;
mod resume;
pub(super) mod selection;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use hookbench_model::{Cell, History, Measurement, Target};
use hookbench_reports::terminal;
use hookbench_results::run::SCHEMA;
use hookbench_results::store::{Journal, save};
use hookbench_results::{Environment, Run};

use crate::cmd::progress::Progress;
use crate::cmd::report::{render, say_where};
pub use args::Args;
use resume::{earlier, is_of};
use selection::{Asked, asked};

use super::{say, usage};
use crate::run::folder::{Folder, Holds, holds};
use crate::run::interrupt::{Stop, Stopped};
use crate::run::runner::{self, Event};
use crate::session::Session;
use crate::session::guests::QemuSession;
use hookbench_plan::Planned;

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
    baseline_flags::check(args).map_err(usage)?;
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
        let go_on = hints::resume(hints::words(), folder);
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
    let go_on = hints::resume(hints::words(), folder);
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
    baseline_flags::after(run, folder, args)?;
    match hints::failures(&run.measurements, planned, args) {
        Some(told) => {
            say::aside(&told);
            Ok(ExitCode::FAILURE)
        }
        None => Ok(ExitCode::SUCCESS),
    }
}
