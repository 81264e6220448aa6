//! `--target tcg`: guests under TCG, with the exact clock, several at once.

use anyhow::{Context, Result, bail};
use hookbench_plan::Planned;

use super::execution::{ExactSettings, Execution};
use super::opened::{Opened, fetch};
use super::record::Recorder;
use super::selection::Selection;
use crate::cmd::say;
use crate::interrupt::Interrupt;
use crate::run::runner;
use crate::session::guests::{ExactOptions, ExactSession};

/// Obtains what the guests need, and opens a session of them. Until then, a signal ends
/// the process at once.
///
/// # Errors
/// When a download or a build fails, or a signal handler cannot be installed.
pub(super) fn open(selection: &Selection, settings: &ExactSettings) -> Result<Opened> {
    let (session, interrupt) = guests(selection, settings)?;
    Ok(Opened { session: Box::new(session), interrupt })
}

/// Opens a session of guests with the exact clock for the cells of `selection`.
///
/// # Errors
/// Those of [`open`], and when the selection has another target.
pub(in crate::cmd) fn open_exact(selection: &Selection) -> Result<(ExactSession, Interrupt)> {
    match &selection.execution {
        Execution::Exact(settings) => guests(selection, settings),
        Execution::Kvm(_) | Execution::Host(_) => bail!("the cells do not have the exact clock"),
    }
}

fn guests(selection: &Selection, settings: &ExactSettings) -> Result<(ExactSession, Interrupt)> {
    let provisions = fetch(selection)?;
    let interrupt = Interrupt::on_signals().context("failed to listen to signals")?;
    let options = ExactOptions {
        budget: settings.budget,
        guests: settings.guests,
        attribution: settings.attribution,
        keep_stacks: settings.keep_stacks.clone(),
        console: if settings.console { Some(say::console) } else { None },
        interrupt: interrupt.clone(),
    };
    Ok((ExactSession::open(provisions, options)?, interrupt))
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
