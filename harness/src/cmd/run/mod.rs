//! `hookbench run`: selects cells, opens a session, measures the cells, writes the run and
//! reports it. If anything stops the run, hookbench prints what it kept and how to resume.

mod args;
mod baseline_flags;
mod capabilities;
mod cells;
mod choices;
mod exact;
mod execution;
mod hints;
mod host;
mod kernels;
mod kvm;
mod one_cell;
mod opened;
mod output;
mod plan;
mod record;
mod resume;
mod rounds;
mod selection;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Result, anyhow};
use hookbench_model::{Cell, Measurement};
use hookbench_plan::Planned;
use hookbench_reports::terminal;
use hookbench_results::Run;
use hookbench_results::run::SCHEMA;
use hookbench_results::store::save;

use super::report::{render, say_where};
use super::{say, usage};
use crate::interrupt::Interrupted;
use execution::Execution;
use opened::Opened;
use record::Recorder;

pub use args::Args;
pub(super) use capabilities::target;
pub(super) use cells::Cells;
pub(super) use exact::open_exact;
pub(super) use hints::{after_interrupt, what_is_kept};
pub(super) use kernels::select_kernels;
pub(super) use one_cell::complete_name;
pub(super) use output::Output;
pub(super) use resume::read_journal;
pub(super) use selection::Selection;

/// Runs the plan and writes its results.
///
/// # Errors
/// When the arguments name something that does not exist, hookbench cannot obtain a
/// kernel or the image, or cannot write the results. A cell that fails is a result: it
/// only changes the exit code.
pub fn run(args: &Args) -> Result<ExitCode> {
    let selection = Selection::from_args(args)?;
    complete(&selection).map(|completed| completed.code)
}

/// A completed run.
pub(super) struct Completed {
    pub(super) run: Run,
    /// The folder of its results.
    pub(super) folder: PathBuf,
    /// Failure if a cell failed.
    pub(super) code: ExitCode,
}

/// Measures the cells of `selection`, writes their results and reports them.
///
/// # Errors
/// Those of [`run`].
pub(super) fn complete(selection: &Selection) -> Result<Completed> {
    selection.output.check_folder().map_err(usage)?;
    baseline_flags::check_names(&selection.output).map_err(usage)?;
    let opened = open(selection)?;
    let folder = selection.output.take_folder(&selection.cells.plan)?;
    let begun = begin(selection, &opened);
    let earlier = if selection.output.resume { resume::read_earlier(folder.path(), &begun)? } else { None };
    let measured = measure(selection, &opened, folder.path(), begun, earlier);
    let reported = measured.and_then(|run| {
        let code = write_and_report(&run, selection, folder.path())?;
        Ok(Completed { run, folder: folder.path().into(), code })
    });
    reported.map_err(|error| match error.is::<Interrupted>() || !selection.execution.can_resume() {
        true => error,
        false => anyhow!("{error:#}\n{}", hints::what_is_kept(&error, folder.path())),
    })
}

fn open(selection: &Selection) -> Result<Opened> {
    match &selection.execution {
        Execution::Exact(settings) => exact::open(selection, settings),
        Execution::Kvm(options) => kvm::open(selection, options),
        Execution::Host(options) => host::open(options),
    }
}

/// The run before its first cell.
fn begin(selection: &Selection, opened: &Opened) -> Run {
    Run {
        schema: SCHEMA,
        plan: selection.cells.plan.clone(),
        shard: selection.shard,
        environment: opened.session.environment().clone(),
        measurements: Vec::new(),
        scenarios: Vec::new(),
    }
}

/// Measures the cells that `earlier` lacks, into the journal in `folder`.
fn measure(
    selection: &Selection,
    opened: &Opened,
    folder: &Path,
    mut run: Run,
    earlier: Option<HashMap<Cell, Measurement>>,
) -> Result<Run> {
    let planned = selection.planned();
    let done = match earlier {
        Some(earlier) => resume::keep(earlier, planned, |cell| opened.session.history(cell)),
        None => save(&run, folder).map(|()| HashMap::new())?,
    };
    let left: Vec<Planned> = planned.iter().filter(|p| !done.contains_key(&p.cell)).cloned().collect();
    let mut recorder = Recorder::begin(folder, done, left.len(), selection.execution.shows_console())?;
    match &selection.execution {
        Execution::Exact(settings) => exact::measure(&left, settings, opened, &mut recorder)?,
        Execution::Kvm(options) | Execution::Host(options) => {
            rounds::measure(&left, options, opened, &mut recorder, &mut run.environment.hardware)?;
        }
    }
    let mut done = recorder.end();
    let ended = done.len();
    run.measurements = planned.iter().filter_map(|planned| done.remove(&planned.cell)).collect();
    run.move_security_modules();
    let Some(signal) = opened.interrupt.signal().filter(|_| ended < planned.len()) else { return Ok(run) };
    let can_resume = selection.execution.can_resume();
    if !can_resume {
        save(&run, folder)?;
    }
    let message = hints::after_interrupt(ended, planned.len(), folder, can_resume);
    Err(Interrupted { signal, message }.into())
}

fn write_and_report(run: &Run, selection: &Selection, folder: &Path) -> Result<ExitCode> {
    save(run, folder)?;
    render(run, folder)?;
    say::result(&terminal::table(run))?;
    say_where(folder)?;
    baseline_flags::compare_or_save(run, folder, &selection.output)?;
    if let Some(choices) = choices::list(&run.measurements) {
        say::aside(&choices);
    }
    match hints::list_failures(&run.measurements, selection.planned(), &selection.repeat) {
        Some(list) => {
            say::aside(&list);
            Ok(ExitCode::FAILURE)
        }
        None => Ok(ExitCode::SUCCESS),
    }
}
