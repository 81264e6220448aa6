//! `--target tcg`: guests under TCG, with the exact clock, several at once.

use anyhow::{Context, Result};
use hookbench_model::History;
use hookbench_plan::Planned;

use super::execution::ExactSettings;
use super::opened::Opened;
use super::record::Recorder;
use super::selection::Selection;
use crate::cmd::progress::Progress;
use crate::cmd::say;
use crate::run::interrupt::Stop;
use crate::run::runner;
use crate::session::guests::QemuSession;

/// Obtains what the guests need, and opens a session of them. Until then, a signal ends
/// the process at once.
///
/// # Errors
/// When a download or a build fails, or a signal handler cannot be installed.
pub(super) fn open(selection: &Selection, settings: &ExactSettings) -> Result<Opened> {
    let cells = &selection.cells;
    let session = {
        let progress = Progress::begin("fetch", 0);
        let say = |message: &str| progress.say(message);
        // The mirror may have lost every kernel of a shard: other shards have the rest.
        let least = usize::from(selection.shard.is_none());
        let session = QemuSession::open(&selection.kernels(), least, settings.budget, &say)?;
        let session = session.with_modules(&cells.kernels_with_modules(), &say);
        let session = session.with_own(cells.monitors.clone(), &say)?;
        let session = session.with_works(cells.workloads.clone(), &say)?;
        match &cells.loadable {
            Some(loadable) => session.with_loadable(loadable.clone()),
            None => session,
        }
    };
    let session = if settings.cold { session.with_history(History::Cold) } else { session };
    let session = if settings.console { session.with_console(say::console) } else { session };
    let session = session.for_cells(cells.planned.iter().map(|planned| &planned.cell))?;
    let interrupt = Stop::on_signals().context("failed to listen to signals")?;
    let session = session.stopped_by(&interrupt);
    let environment = session.environment().clone();
    Ok(Opened { session: Box::new(session), environment, interrupt })
}

/// Measures each of `left` once.
///
/// # Errors
/// When `recorder` cannot record a measurement.
pub(super) fn measure(
    left: &[Planned],
    settings: &ExactSettings,
    opened: &Opened,
    recorder: &mut Recorder,
) -> Result<()> {
    let record = |event| recorder.record(event);
    runner::run(&*opened.session, left, settings.jobs, settings.fault, &opened.interrupt, record)
}
