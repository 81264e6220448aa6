//! `hookbench scenario run`: selects cells, tries their ways in guests, writes the run and reports it. If anything
//! stops the run, hookbench prints what it kept and how to resume.

mod args;
mod measure;
mod selection;

use std::path::Path;
use std::process::ExitCode;

use anyhow::{Context, Result, anyhow};
use hookbench_reports::scenario;
use hookbench_results::store::save;
use hookbench_results::{Run, ScenarioCell, ScenarioOutcome};
use hookbench_scenarios::exchange::Tries;

use super::find;
use crate::cmd::progress::Progress;
use crate::cmd::report::{render, say_where, table};
use crate::cmd::run::{after_interrupt, read_journal, what_is_kept};
use crate::cmd::{say, usage};
use crate::custom::cannot_start::CannotStart;
use crate::interrupt::{Interrupt, Interrupted};
use crate::scenario::ScenarioSession;
use crate::scenario::described::describe;
use crate::session::guests::{ExactOptions, ExactSession, Provisions};

pub(super) use args::Args;
use measure::{Done, keep, measure};
use selection::Selection;

/// The name of the plan of these runs.
const PLAN: &str = "scenarios";

/// Tries the cells.
///
/// # Errors
/// A usage error for an unknown name; otherwise when a guest cannot be prepared, or the results cannot be written. A
/// cell that fails is a result: it only changes the exit code.
pub(super) fn run(args: &Args) -> Result<ExitCode> {
    let selection = Selection::from_args(args).map_err(usage)?;
    selection.output.check_folder().map_err(usage)?;
    let interrupt = Interrupt::on_signals().context("failed to listen to signals")?;
    let session = open(&selection, &interrupt)?;
    let folder = selection.output.take_folder(PLAN)?;
    let tried = try_cells(&selection, &session, &interrupt, folder.path());
    let reported = tried.and_then(|run| write_and_report(&run, folder.path()));
    reported.map_err(|error| match error.is::<Interrupted>() {
        true => error,
        false => anyhow!("{error:#}\n{}", what_is_kept(&error, folder.path())),
    })
}

/// Obtains what the guests need, and opens a session of them.
fn open(selection: &Selection, interrupt: &Interrupt) -> Result<ScenarioSession> {
    let progress = Progress::begin("fetch", 0);
    let provisions = Provisions::fetch(selection.needs()?, &|message| progress.say(message));
    let provisions = provisions.map_err(|error| match error.is::<CannotStart>() {
        true => usage(error),
        false => error,
    })?;
    let custom = selection.custom.as_ref().map(|asked| asked.ready(provisions.workloads())).transpose()?;
    let console = if selection.console { Some(say::console as fn(&str)) } else { None };
    let options = ExactOptions {
        attribution: selection.unpriced.is_empty(),
        interrupt: interrupt.clone(),
        console,
        ..ExactOptions::default()
    };
    let session = ScenarioSession::new(ExactSession::open(provisions, options)?);
    let session = session.pricing_on(selection.priced.clone());
    Ok(match custom {
        Some(custom) => session.with_custom(custom),
        None => session,
    })
}

/// Tries the cells that an interrupted run lacks, into the journal in `folder`.
fn try_cells(
    selection: &Selection,
    session: &ScenarioSession,
    interrupt: &Interrupt,
    folder: &Path,
) -> Result<Run> {
    let mut run = begin(selection, session)?;
    let cells = selection.cells();
    let earlier = if selection.output.resume { read_journal(folder, &run)? } else { None };
    let done: Done = match earlier {
        Some(earlier) => keep(earlier.scenarios, &cells, |cell| session.ways(cell, &selection.ways)),
        None => save(&run, folder).map(|()| Done::new())?,
    };
    let mut done = measure(selection, session, &cells, done, interrupt, folder)?;
    let ended = done.len();
    run.scenarios = cells.iter().filter_map(|cell| done.remove(&cell.to_string())).collect();
    match interrupt.signal().filter(|_| ended < cells.len()) {
        Some(signal) => {
            let message = after_interrupt(ended, cells.len(), folder, true);
            Err(Interrupted { signal, message }.into())
        }
        None => Ok(run),
    }
}

/// The run before its first cell.
fn begin(selection: &Selection, session: &ScenarioSession) -> Result<Run> {
    let mut environment = session.environment().clone();
    let custom = selection.custom.as_ref().map(|asked| asked.record()).transpose()?;
    if !selection.unpriced.is_empty() {
        environment.unattributed = selection.unpriced.into();
    } else if !selection.priced.is_empty() && environment.unattributed.is_empty() {
        environment.unattributed =
            format!("policies were priced on {} only (--prices)", selection.priced.join(", "));
    }
    describe(&mut environment, custom.as_ref(), &selection.scenarios);
    Ok(Run {
        schema: hookbench_results::run::SCHEMA,
        plan: PLAN.into(),
        shard: selection.shard,
        environment,
        measurements: Vec::new(),
        scenarios: Vec::new(),
    })
}

fn write_and_report(run: &Run, folder: &Path) -> Result<ExitCode> {
    save(run, folder)?;
    render(run, folder)?;
    say::result(&table(run))?;
    say_where(folder)?;
    let failed = run.scenarios.iter().filter(|cell| matches!(cell.outcome, ScenarioOutcome::Failed(_)));
    let failed: Vec<String> = failed.map(|cell| scenario::failure(run, cell)).collect();
    let unusable = unusable(run);
    if !unusable.is_empty() {
        say::aside(&format!("the custom way cannot be judged:\n{}", unusable.join("\n")));
    }
    if failed.is_empty() {
        return Ok(if unusable.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE });
    }
    say::aside(&format!(
        "{} failed; the command below each one runs it alone and prints the guest's console:\n{}",
        hookbench_reports::text::count(failed.len(), "cell"),
        failed.join("\n")
    ));
    Ok(ExitCode::FAILURE)
}

/// Why nothing can be said of the custom way, whatever the policy: a line for each kernel and scenario.
fn unusable(run: &Run) -> Vec<String> {
    let is_custom = |way: &str| {
        let mut ways = run.environment.scenarios.iter().flat_map(|scenario| &scenario.ways);
        ways.any(|record| record.name == way && record.custom.is_some())
    };
    let unwatched = run.scenarios.iter().filter(|cell| cell.is_none());
    let ways = unwatched.filter_map(|cell| Some((cell, &cell.tried()?.ways)));
    let reasons = ways.flat_map(|(cell, ways)| ways.iter().map(move |tries| (cell, tries)));
    let line = |(cell, tries): (&ScenarioCell, &Tries)| {
        let why = tries.invalid.as_ref().filter(|_| is_custom(&tries.way))?;
        Some(format!("{}: {why}\n    {} --console", cell, scenario::command(run, cell, None)))
    };
    reasons.filter_map(line).collect()
}
