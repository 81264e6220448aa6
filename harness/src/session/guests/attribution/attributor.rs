//! Attributes the cells of a session: which operations, compared with which baseline, and what becomes of a cell whose
//! instructions cannot be attributed.

use std::sync::Arc;

use anyhow::{Context, Result, bail};
use hookbench_analysis::attribution::{Baseline, record};
use hookbench_model::{Failure, FailureKind, Measured, Outcome};
use hookbench_vm::attribution::{Symbols, Windows, windows};
use hookbench_vm::guest::Error;

use super::baselines::{self, Baselines};
use super::plugin_file::PluginFile;
use super::symbols::{KernelSymbols, KnownSymbols};
use super::traced::{Subject, Tools, Traced, Wanted};
use super::{Attributed, sections};

/// The most operations of a cell that are attributed. Nine of ten have exactly the same direct cost, so the median of
/// a hundred is certain.
const MOST_OPERATIONS: u32 = 100;

/// What the cells of a session share.
#[derive(Default)]
pub(in crate::session::guests) struct Attributor {
    plugin: PluginFile,
    symbols: KnownSymbols,
    baselines: Baselines,
}

impl Attributor {
    /// Measures the cell of `subject` and divides its cost. `baseline` gives the same cell without a monitor.
    ///
    /// # Errors
    /// When it is not known how the cell ends without the plugin: QEMU died, a file cannot be written or read, or there
    /// is no baseline.
    pub(in crate::session::guests) fn run(
        &self,
        subject: &Subject<'_>,
        baseline: impl FnOnce() -> Result<Arc<Baseline>>,
    ) -> Result<Outcome> {
        let kernel = self.kernel(subject)?;
        let baseline = baseline()?;
        let wanted = Wanted { operations: subject.ready.spec.samples.min(MOST_OPERATIONS), names: false };
        let Traced { answer, windows } = subject.trace(&self.tools(subject, &kernel)?, wanted)?;
        if let Err(error @ Error::Qemu { .. }) = answer {
            return Err(error.into());
        }
        let measured = match subject.outcome(answer) {
            Outcome::Measured(measured) => measured,
            other => return Ok(other),
        };
        Ok(match windows::read(&windows) {
            Ok(windows) => divided(measured, windows, kernel.symbols.own(), &baseline),
            Err(why @ windows::Error::Format { .. }) => failed(&why.to_string()),
            Err(why) => Outcome::Measured(undivided(measured, &why.to_string())),
        })
    }

    /// The baseline that `subject`, a cell without a monitor, makes.
    ///
    /// # Errors
    /// When the cell is not measured, or its operations cannot be attributed.
    pub(in crate::session::guests) fn baseline(&self, subject: &Subject<'_>) -> Result<Arc<Baseline>> {
        let snapshot = subject.recipe.key(subject.machine);
        let key = baselines::key(&snapshot, &subject.ready.spec, subject.ready.workload_payload())?;
        let cache = &subject.guests.provisions.cache;
        self.baselines.obtain(cache, &key, &subject.cell.to_string(), || {
            let wanted = Wanted { operations: subject.ready.spec.samples, names: false };
            let attributed = self.attributed(subject, wanted)?;
            Ok(Baseline::new(&attributed.profile())?)
        })
    }

    /// Measures the cell of `subject` and attributes all of its operations to functions with names.
    ///
    /// # Errors
    /// When the cell is not measured, or its operations cannot be attributed.
    pub(in crate::session::guests) fn explain(&self, subject: &Subject<'_>) -> Result<Attributed> {
        self.attributed(subject, Wanted { operations: subject.ready.spec.samples, names: true })
    }

    fn attributed(&self, subject: &Subject<'_>, wanted: Wanted) -> Result<Attributed> {
        let kernel = self.kernel(subject)?;
        let Traced { mut answer, windows } = subject.trace(&self.tools(subject, &kernel)?, wanted)?;
        let dynamic = answer.as_mut().ok().and_then(|answer| answer.symbols.take());
        let measured = match subject.outcome(answer) {
            Outcome::Measured(measured) => measured,
            other => bail!("{} was not measured, but {}: {}", subject.cell, other.word(), other.reason()),
        };
        let symbols = kernel.symbols.with(&Symbols::read(&dynamic.unwrap_or_default()));
        attributed(measured, windows::read(&windows)?, symbols)
    }

    fn kernel(&self, subject: &Subject<'_>) -> Result<Arc<KernelSymbols>> {
        let Subject { guests, recipe, snapshot, machine, .. } = subject;
        self.symbols.obtain(guests, recipe, snapshot, *machine)
    }

    fn tools<'a>(&self, subject: &Subject<'_>, kernel: &'a KernelSymbols) -> Result<Tools<'a>> {
        let plugin = self.plugin.path(subject.guests).context("failed to unpack QEMU's plugin")?;
        Ok(Tools { plugin, kernel })
    }
}

/// `measured` without a division of its cost, and why.
pub(in crate::session::guests) fn undivided(measured: Measured, why: &str) -> Measured {
    let mut notes = measured.notes;
    notes.push(format!("its cost is not divided into the hook and its side effects: {why}"));
    Measured { notes, ..measured }
}

/// The outcome of the cell that was `measured`, with its cost divided.
fn divided(measured: Measured, windows: Windows, symbols: Symbols, baseline: &Baseline) -> Outcome {
    let attributed = match attributed(measured, windows, symbols) {
        Ok(attributed) => attributed,
        Err(error) => return failed(&format!("{error:#}")),
    };
    let attribution = record(&baseline.split(&attributed.profile()));
    Outcome::Measured(Measured { attribution, ..attributed.measured })
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
