//! `hookbench run --target host`: runs the plan on this machine itself, in rounds,
//! without kernels, images or snapshots. This file also holds what the two hardware
//! targets share; `on_kvm.rs` has the rest of `--target kvm`.

use std::collections::HashMap;
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result, bail, ensure};
use hookbench_model::{Cell, Clock, Measurement, Target};
use hookbench_results::Run;
use hookbench_results::run::SCHEMA;
use hookbench_results::samples::MOST;
use hookbench_results::store::{Journal, save};

use super::args::Args;
use super::baseline_flags;
use super::selection::{Asked, on_host};
use super::{finish, may_use};
use crate::cmd::progress::Progress;
use crate::cmd::{say, usage};
use crate::run::folder::Folder;
use crate::run::interrupt::{Interrupt, Interrupted};
use crate::run::rounds::{self, Rounds};
use crate::run::runner::Event;
use crate::session::Session;
use crate::session::hardware::HardwareOptions;
use crate::session::host::{self, HostSession, enforcing, machine};

/// The target that `args` select.
///
/// # Errors
/// When an option or the cell's name does not fit the target.
pub(in crate::cmd) fn target(args: &Args) -> Result<Target> {
    let of_cell = args.cell.as_deref().and_then(|cell| cell.parse().ok()).map(|cell: Cell| cell.target);
    if let (Some(target), Some(of_cell)) = (args.target, of_cell) {
        ensure!(target == of_cell, "--target {target} contradicts the target in the cell's name, {of_cell}");
    }
    let target = args.target.or(of_cell).unwrap_or_default();
    match target {
        Target::Tcg if args.is_about_hardware() => {
            bail!(
                "--clock, --rounds, --seed and --enforce-on-host need --target kvm or host; tcg counts exactly"
            )
        }
        target => Ok(target),
    }
}

/// Runs the plan on this machine.
///
/// # Errors
/// Those of any run, and when an earlier run left changes to undo.
pub(in crate::cmd) fn run(args: &Args) -> Result<ExitCode> {
    let asked = on_host(args, &host::release()?).map_err(usage)?;
    let terms = terms(args);
    allowed(args, &asked, &terms).map_err(usage)?;
    may_use(args).map_err(usage)?;
    baseline_flags::check(args).map_err(usage)?;
    let stop = Interrupt::on_signals().context("failed to listen to signals")?;
    let session = HostSession::open(&terms, &stop)?;
    in_rounds(args, &asked, &session, &terms, &stop)
}

/// Runs the cells of `asked` in rounds, in a hardware session.
///
/// # Errors
/// Those of any run.
pub(in crate::cmd) fn in_rounds(
    args: &Args,
    asked: &Asked,
    session: &dyn Session,
    terms: &HardwareOptions,
    stop: &Interrupt,
) -> Result<ExitCode> {
    let folder = match &args.out {
        Some(path) => Folder::take(path)?,
        None => Folder::free(&asked.plan)?,
    };
    let environment = session.environment().clone();
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
    terms: &HardwareOptions,
    stop: &Interrupt,
    mut run: Run,
    folder: &Path,
) -> Result<ExitCode> {
    let mut journal = Journal::open(folder)?;
    let mut progress = Progress::begin("cells", asked.planned.len());
    let mut done: HashMap<Cell, Measurement> = HashMap::new();
    let heard = |event| {
        match event {
            Event::Begun(cell) => progress.begun(&cell),
            Event::Ended { measurement, attachments, took } => {
                journal.append_with(&measurement, &attachments)?;
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
            hardware.warnings.push(format!("a hypervisor took {ticks} ticks away during the run (steal)"));
        }
    }
    let ended = done.len();
    run.measurements = asked.planned.iter().filter_map(|planned| done.remove(&planned.cell)).collect();
    if let Some(signal) = stop.signal().filter(|_| ended < asked.planned.len()) {
        save(&run, folder)?;
        let told = format!(
            "{ended} of {} cells have ended and are kept in {}; a run in rounds cannot be resumed, so \
             measure the other cells in a new run",
            asked.planned.len(),
            folder.display()
        );
        return Err(Interrupted { signal, told }.into());
    }
    finish(&run, args, &asked.planned, folder)
}

/// The hardware options in `args`, with their defaults.
pub(in crate::cmd) fn terms(args: &Args) -> HardwareOptions {
    // Without --seed every run has a different order. The run records the seed.
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    HardwareOptions {
        clocks: if args.clock.is_empty() { vec![Clock::Tsc] } else { args.clock.clone() },
        rounds: args.rounds.unwrap_or(5),
        seed: args.seed.unwrap_or(now.as_nanos() as u64 & u64::from(u32::MAX)),
        budget: Duration::from_secs(args.timeout),
    }
}

/// Refuses options that `--target host` does not support, and enforcing monitors
/// without `--enforce-on-host`.
fn allowed(args: &Args, asked: &Asked, terms: &HardwareOptions) -> Result<()> {
    ensure!(
        args.kernel.is_empty() && args.profile.is_empty() && args.cpus.is_empty() && !args.cold,
        "--kernel, --profile, --cpus and --cold configure guests; leave them out with --target host"
    );
    ensure!(
        !args.resume
            && args.shard.is_none()
            && args.fault.is_none()
            && args.jobs.is_none_or(|jobs| jobs == 1),
        "--resume, --shard, --fault and --jobs do not work with --target host, which runs one cell at a time, in rounds"
    );
    let enforcing = enforcing(asked.planned.iter().map(|planned| &planned.cell));
    ensure!(
        enforcing.is_empty() || args.enforce_on_host,
        "{} would deny operations or kill processes anywhere on this machine; leave them out, or pass \
         --enforce-on-host",
        enforcing.join(", ")
    );
    possible(asked, terms)
}

/// Checks the rounds, the number of samples and the clocks.
///
/// # Errors
/// When one of them is invalid; the error says what is allowed.
pub(in crate::cmd) fn possible(asked: &Asked, terms: &HardwareOptions) -> Result<()> {
    ensure!((1..=1000).contains(&terms.rounds), "--rounds must be between 1 and 1000, not {}", terms.rounds);
    if let Some(many) =
        asked.planned.iter().find(|planned| planned.samples as usize * terms.rounds as usize > MOST)
    {
        bail!(
            "{} would take more than {MOST} samples in {} rounds; lower --samples or --rounds",
            many.cell,
            terms.rounds
        );
    }
    let mut clocks = terms.clocks.clone();
    clocks.dedup();
    ensure!(
        clocks.first() == Some(&Clock::Tsc),
        "the first --clock must be tsc; the others are read along with it"
    );
    ensure!(clocks.len() == terms.clocks.len(), "--clock names a clock twice");
    Ok(())
}
