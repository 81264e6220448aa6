//! Attributes the cells of a session: which operations, compared with which baseline, and what becomes of a cell whose
//! instructions cannot be attributed.

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use hookbench_analysis::attribution::{Baseline, Explanation, UNDIVIDED, record};
use hookbench_model::{Cell, Failure, FailureKind, Measured, Outcome};
use hookbench_vm::attribution::{Symbols, Windows, windows};
use hookbench_vm::guest::{Answer, Error};
use hookbench_vm::machine::Machine;
use hookbench_vm::snapshot::Recipe;

use super::baselines::{self, Baselines};
use super::neighbours::Neighbours;
use super::plugin_file::PluginFile;
use super::symbols::{KernelSymbols, KnownSymbols};
use super::traced::{Subject, Traced, Wanted};
use super::{Attributed, sections};
use crate::session::guests::cell::Guests;
use crate::session::guests::site::Beginning;

/// The most operations of a cell that are attributed. Nine of ten have exactly the same direct cost, so the median of
/// a hundred is certain.
const MOST_OPERATIONS: u32 = 100;

/// What the cells of a session share.
#[derive(Default)]
pub(in crate::session::guests) struct Attributor {
    plugin: PluginFile,
    symbols: KnownSymbols,
    baselines: Baselines<Baseline>,
    pub(super) neighbours: Baselines<Neighbours>,
}

/// A cell whose cost is divided, if it could be.
pub(in crate::session::guests) struct Divided {
    pub(in crate::session::guests) outcome: Outcome,
    /// Only if it was asked for.
    pub(in crate::session::guests) explanation: Option<Explanation>,
}

impl From<Outcome> for Divided {
    fn from(outcome: Outcome) -> Divided {
        Divided { outcome, explanation: None }
    }
}

impl Attributor {
    /// Measures the cell of `subject` and divides its cost. `baseline` gives the same cell without a monitor. If it
    /// `explains`, functions have names, and there is an explanation.
    ///
    /// # Errors
    /// When it is not known how the cell ends without the plugin: QEMU died, a file cannot be written or read, or there
    /// is no baseline.
    pub(in crate::session::guests) fn run(
        &self,
        subject: &Subject<'_>,
        explains: bool,
        baseline: impl FnOnce() -> Result<Arc<Baseline>>,
    ) -> Result<Divided> {
        let baseline = baseline()?;
        let wanted = Wanted { operations: subject.ready.spec.samples.min(MOST_OPERATIONS), names: explains };
        let Traced { mut answer, windows } = subject.trace(&self.plugin(subject.guests)?, wanted)?;
        let symbols = symbols(subject.kernel, &mut answer);
        if let Err(error @ Error::Qemu { .. }) = answer {
            return Err(error.into());
        }
        let measured = match subject.outcome(answer) {
            Outcome::Measured(measured) => measured,
            other => return Ok(other.into()),
        };
        let windows = match windows::read(&windows) {
            Ok(windows) => windows,
            Err(why @ windows::Error::Format { .. }) => return Ok(failed(&why.to_string()).into()),
            Err(why) => return Ok(Outcome::Measured(undivided(measured, &why.to_string())).into()),
        };
        let attributed = match attributed(measured, windows, symbols) {
            Ok(attributed) => attributed,
            Err(error) => return Ok(failed(&format!("{error:#}")).into()),
        };
        divided(subject.cell, attributed, &baseline, explains)
    }

    /// The baseline that `subject`, a cell without a monitor, makes. Loaded functions have names in it if it `explains`.
    ///
    /// # Errors
    /// When the cell is not measured, or its operations cannot be attributed.
    pub(in crate::session::guests) fn baseline(
        &self,
        subject: &Subject<'_>,
        explains: bool,
    ) -> Result<Arc<Baseline>> {
        let key =
            baselines::key(subject.site, &subject.ready.spec, subject.ready.workload_payload(), explains)?;
        let cache = &subject.guests.provisions.cache;
        self.baselines.obtain(cache, &key, &subject.cell.to_string(), || {
            let wanted = Wanted { operations: subject.ready.spec.samples, names: explains };
            let attributed = self.attributed(subject, wanted)?;
            Ok(Baseline::new(&attributed.profile())?)
        })
    }

    /// Measures the cell of `subject` and attributes all of its operations to functions with names.
    ///
    /// # Errors
    /// When the cell is not measured, or its operations cannot be attributed.
    pub(in crate::session::guests) fn attribute(&self, subject: &Subject<'_>) -> Result<Attributed> {
        self.attributed(subject, Wanted { operations: subject.ready.spec.samples, names: true })
    }

    fn attributed(&self, subject: &Subject<'_>, wanted: Wanted) -> Result<Attributed> {
        let Traced { mut answer, windows } = subject.trace(&self.plugin(subject.guests)?, wanted)?;
        let symbols = symbols(subject.kernel, &mut answer);
        let measured = match subject.outcome(answer) {
            Outcome::Measured(measured) => measured,
            other => bail!("{} was not measured, but {}: {}", subject.cell, other.word(), other.reason()),
        };
        attributed(measured, windows::read(&windows)?, symbols)
    }

    /// The functions of a kernel: see [`KnownSymbols::obtain`].
    ///
    /// # Errors
    /// When a guest does not list them, or the cache cannot be written.
    pub(in crate::session::guests) fn symbols<'a>(
        &self,
        guests: &Guests,
        recipe: &Recipe<'_>,
        machine: Machine,
        begin: impl FnOnce() -> Result<Beginning<'a>>,
    ) -> Result<Arc<KernelSymbols>> {
        self.symbols.obtain(guests, recipe, machine, begin)
    }

    /// The file of QEMU's plugin.
    ///
    /// # Errors
    /// When it cannot be written.
    pub(in crate::session::guests) fn plugin(&self, guests: &Guests) -> Result<PathBuf> {
        self.plugin.path(guests).context("failed to unpack QEMU's plugin")
    }
}

/// `measured` without a division of its cost, and why.
pub(in crate::session::guests) fn undivided(measured: Measured, why: &str) -> Measured {
    let mut notes = measured.notes;
    notes.push(format!("{UNDIVIDED}{why}"));
    Measured { notes, ..measured }
}

/// The functions of `kernel` and those that the guest sent.
fn symbols(kernel: &KernelSymbols, answer: &mut Result<Answer, Error>) -> Symbols {
    let dynamic = answer.as_mut().ok().and_then(|answer| answer.symbols.take());
    kernel.symbols.with(&Symbols::read(&dynamic.unwrap_or_default()))
}

/// Divides the cost of `attributed`, the measured `cell`.
fn divided(cell: &Cell, attributed: Attributed, baseline: &Baseline, explains: bool) -> Result<Divided> {
    let profile = attributed.profile();
    let splits = baseline.split(&profile);
    let explanation = if explains { Some(baseline.explain(cell, &profile, &splits)?) } else { None };
    let outcome = Outcome::Measured(Measured { attribution: record(&splits), ..attributed.measured });
    Ok(Divided { outcome, explanation })
}

fn attributed(measured: Measured, windows: Windows, symbols: Symbols) -> Result<Attributed> {
    let Windows { paths, operations } = windows;
    let operations = sections::of_operations(&measured.samples, operations)?;
    Ok(Attributed { measured, paths, operations, symbols })
}

fn failed(why: &str) -> Outcome {
    let (kind, console) = (FailureKind::Attribution, Vec::new());
    Outcome::Failed(Failure { kind, message: why.to_string(), console })
}
