//! `hookbench run --target host`: the plan on this machine itself, in rounds. What a
//! guest needs is none of it: kernels, images, snapshots. What runs on hardware share,
//! those under KVM (`on_kvm.rs`) too, is here.

use std::collections::HashMap;
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result, bail, ensure};
use hookbench_model::{Cell, Clock, Measurement, Target};
use hookbench_results::run::SCHEMA;
use hookbench_results::samples::MOST;
use hookbench_results::store::{Journal, save};
use hookbench_results::{Environment, Run};

use super::asked::{Asked, on_host};
use super::baselined;
use super::progress::Progress;
use super::run::{Args, finish, may_use};
use super::{say, usage};
use crate::folder::Folder;
use crate::host::{self, HostSession, Terms, enforcing, machine};
use crate::rounds::{self, Rounds};
use crate::runner::Event;
use crate::session::Session;
use crate::stop::{Stop, Stopped};

/// What `args` ask for.
///
/// # Errors
/// When what they ask for is not of that target.
pub(super) fn target(args: &Args) -> Result<Target> {
    let of_cell = args.cell.as_deref().and_then(|cell| cell.parse().ok()).map(|cell: Cell| cell.target);
    if let (Some(target), Some(of_cell)) = (args.target, of_cell) {
        ensure!(target == of_cell, "--target {target} and the cell's own target {of_cell} are not the same");
    }
    let target = args.target.or(of_cell).unwrap_or_default();
    match target {
        Target::Tcg if args.is_about_hardware() => {
            bail!(
                "--clock, --rounds, --seed and --enforce-on-host are for --target kvm and host: tcg is exact"
            )
        }
        target => Ok(target),
    }
}

/// Runs the plan on this machine.
///
/// # Errors
/// As of any run; and when an earlier one left something to undo.
pub(super) fn run(args: &Args) -> Result<ExitCode> {
    let asked = on_host(args, &host::release()?).map_err(usage)?;
    let terms = terms(args);
    allowed(args, &asked, &terms).map_err(usage)?;
    may_use(args).map_err(usage)?;
    baselined::check(args).map_err(usage)?;
    let stop = Stop::on_signals().context("failed to listen to signals")?;
    let session = HostSession::open(&terms, &stop)?;
    let environment = session.environment().clone();
    in_rounds(args, &asked, (&session, environment), &terms, &stop)
}

/// Runs what is asked for in rounds, by a session on hardware whose environment is given.
///
/// # Errors
/// As of any run.
pub(super) fn in_rounds(
    args: &Args,
    asked: &Asked,
    (session, environment): (&dyn Session, Environment),
    terms: &Terms,
    stop: &Stop,
) -> Result<ExitCode> {
    let folder = match &args.out {
        Some(path) => Folder::take(path)?,
        None => Folder::free(&asked.plan)?,
    };
    for warning in environment.hardware.iter().flat_map(|hardware| &hardware.warnings) {
        say::aside(&format!("warning: {warning}"));
    }
    let run =
        Run { schema: SCHEMA, plan: asked.plan.clone(), environment, shard: None, measurements: Vec::new() };
    save(&run, folder.path())?;
    measure(args, asked, session, terms, stop, run, folder.path())
}

fn measure(
    args: &Args,
    asked: &Asked,
    session: &dyn Session,
    terms: &Terms,
    stop: &Stop,
    mut run: Run,
    folder: &Path,
) -> Result<ExitCode> {
    let mut journal = Journal::open(folder)?;
    let mut progress = Progress::begin("cells", asked.planned.len());
    let mut done: HashMap<Cell, Measurement> = HashMap::new();
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
    let before = machine::steal();
    let rounds = Rounds { count: terms.rounds, seed: terms.seed };
    let order = rounds::run(session, &asked.planned, rounds, stop, heard)?;
    drop(progress);
    if let Some(hardware) = &mut run.environment.hardware {
        hardware.order = order;
        hardware.steal_ticks = machine::steal().saturating_sub(before);
        if hardware.steal_ticks > 0 {
            let ticks = hardware.steal_ticks;
            hardware.warnings.push(format!("a hypervisor took {ticks} ticks away meanwhile (steal)"));
        }
    }
    let ended = done.len();
    run.measurements = asked.planned.iter().filter_map(|planned| done.remove(&planned.cell)).collect();
    if let Some(signal) = stop.signal().filter(|_| ended < asked.planned.len()) {
        save(&run, folder)?;
        let told = format!(
            "{ended} of {} cells have ended and are kept in {}; rounds belong together, so what is left \
             needs a new run",
            asked.planned.len(),
            folder.display()
        );
        return Err(Stopped { signal, told }.into());
    }
    finish(&run, args, &asked.planned, folder)
}

/// The terms that are asked for, of a run on hardware.
pub(super) fn terms(args: &Args) -> Terms {
    // Another order each time, unless one asks for a known one: it is recorded.
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    Terms {
        clocks: if args.clock.is_empty() { vec![Clock::Tsc] } else { args.clock.clone() },
        rounds: args.rounds.unwrap_or(5),
        seed: args.seed.unwrap_or(now.as_nanos() as u64 & u64::from(u32::MAX)),
        budget: Duration::from_secs(args.timeout),
    }
}

/// Whether what is asked for may be done on this machine.
fn allowed(args: &Args, asked: &Asked, terms: &Terms) -> Result<()> {
    ensure!(
        args.kernel.is_empty() && args.profile.is_empty() && args.cpus.is_empty() && !args.cold,
        "--kernel, --profile, --cpus and --cold are of guests; this machine has the kernel that it has"
    );
    ensure!(
        !args.resume
            && args.shard.is_none()
            && args.fault.is_none()
            && args.jobs.is_none_or(|jobs| jobs == 1),
        "--resume, --shard, --fault and --jobs are of guests: on this machine cells run one after another, in rounds"
    );
    let enforcing = enforcing(asked.planned.iter().map(|planned| &planned.cell));
    ensure!(
        enforcing.is_empty() || args.enforce_on_host,
        "{} would refuse or kill what any process of this machine does; leave them out, or say \
         --enforce-on-host",
        enforcing.join(", ")
    );
    possible(asked, terms)
}

/// Whether rounds and clocks are such as there can be.
///
/// # Errors
/// When they are not, with those that are.
pub(super) fn possible(asked: &Asked, terms: &Terms) -> Result<()> {
    ensure!((1..=1000).contains(&terms.rounds), "cannot make {} rounds; from 1 to 1000 can be", terms.rounds);
    if let Some(many) =
        asked.planned.iter().find(|planned| planned.samples as usize * terms.rounds as usize > MOST)
    {
        bail!("{} has more than {MOST} samples in {} rounds", many.cell, terms.rounds);
    }
    let mut clocks = terms.clocks.clone();
    clocks.dedup();
    ensure!(clocks.first() == Some(&Clock::Tsc), "the first clock has to be tsc; others are read beside it");
    ensure!(clocks.len() == terms.clocks.len(), "a clock is named twice");
    Ok(())
}
