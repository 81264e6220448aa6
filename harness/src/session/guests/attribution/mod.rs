//! Attributes the operations of a cell to call paths. The cell runs twice: once as it is measured, and once with the
//! plugin in QEMU, which ends the guest after the last operation. The guest is the same to the instruction, so each
//! operation's instructions add up to its sample.

mod profile;
mod symbols;

use std::fs::{self, File};
use std::io::Read;
use std::path::Path as FilePath;

use anyhow::{Context, Result, bail, ensure};
use hookbench_model::{Cell, Measured, Outcome};
use hookbench_vm::attribution::{Path, Symbols, Window, Windows, windows};
use hookbench_vm::guest::{Answer, GuestOptions};
use hookbench_vm::machine::{Machine, Plugin};
use hookbench_vm::snapshot::{Recipe, Snapshot};

use super::cell::{GuestCell, Guests};
use crate::session::embedded::PLUGIN;
use crate::verify::check::TargetRules;
pub(super) use symbols::KnownSymbols;
use symbols::LONGEST_SYMBOLS;

/// The most bytes of what the plugin writes; it stops earlier.
const LONGEST_WINDOWS: u64 = 512 << 20;

/// An attributed cell.
#[derive(Debug, Clone)]
pub struct Attributed {
    /// The cell's numbers.
    pub measured: Measured,
    /// The call paths.
    pub paths: Vec<Path>,
    /// The instructions of each operation, by call path. Their sum is the operation's sample.
    pub operations: Vec<Window>,
    /// The names of functions.
    pub symbols: Symbols,
}

/// A cell to attribute, and where it resumes from.
pub(super) struct Attribution<'a> {
    pub(super) guests: &'a Guests,
    pub(super) known: &'a KnownSymbols,
    pub(super) recipe: Recipe<'a>,
    pub(super) snapshot: &'a Snapshot,
    pub(super) machine: Machine,
    pub(super) cell: &'a Cell,
    pub(super) ready: &'a GuestCell<'a>,
}

impl Attribution<'_> {
    /// Measures the cell and attributes its operations.
    ///
    /// # Errors
    /// When the cell fails, the plugin does, or an operation's instructions do not add up to its sample.
    pub(super) fn run(&self) -> Result<Attributed> {
        let kernel = self.known.obtain(self.guests, &self.recipe, self.snapshot, self.machine)?;
        let options = GuestOptions { sends_symbols: true, symbols: LONGEST_SYMBOLS, ..self.options() };
        let answer = self.guests.resume(self.ready, self.snapshot, &options)?;
        let dynamic = Symbols::read(answer.symbols.as_deref().unwrap_or_default());
        let measured = self.measured(answer)?;
        let (ended, windows) = self.with_plugin(true)?;
        if let Some(answer) = ended {
            bail!("the guest of {} ended before QEMU's plugin: {:?}", self.cell, answer.last);
        }
        let Windows { paths, operations } = windows::read(&windows)?;
        let operations = sections_of(&measured.samples, operations)?;
        Ok(Attributed { measured, paths, operations, symbols: kernel.symbols.with(&dynamic) })
    }

    /// Measures the cell with the plugin, which does not end the guest.
    ///
    /// # Errors
    /// When the cell fails.
    pub(super) fn run_on(&self) -> Result<Measured> {
        match self.with_plugin(false)? {
            (Some(answer), _) => self.measured(answer),
            (None, _) => bail!("QEMU ended without an answer of the guest"),
        }
    }

    fn options(&self) -> GuestOptions<'_> {
        self.guests.options(self.machine, self.ready.spec.samples)
    }

    fn measured(&self, answer: Answer) -> Result<Measured> {
        match self.ready.outcome(TargetRules::TCG, Ok(answer)) {
            Outcome::Measured(measured) => Ok(measured),
            other => bail!("{} cannot be attributed, because it was not measured: {other:?}", self.cell),
        }
    }

    /// Runs the cell with the plugin. Returns the guest's answer, if it came to that, and what the plugin wrote.
    fn with_plugin(&self, ends_guest: bool) -> Result<(Option<Answer>, String)> {
        let kernel = self.known.obtain(self.guests, &self.recipe, self.snapshot, self.machine)?;
        let folder = self.guests.folder("plugin")?;
        let (file, written) = (folder.path().join("plugin.so"), folder.path().join("windows"));
        fs::write(&file, PLUGIN).with_context(|| format!("failed to write {}", file.display()))?;
        let plugin = Plugin {
            file: &file,
            symbols: &kernel.list(),
            windows: &written,
            skip: self.ready.warmup()?,
            keep: self.ready.spec.samples,
            ends_guest,
        };
        let options = GuestOptions { plugin: Some(plugin), ..self.options() };
        let answer = self.guests.resume_with_plugin(self.ready, self.snapshot, &options)?;
        Ok((answer, read_bounded(&written)?))
    }
}

/// The section of each operation: the one whose instructions add up to the operation's sample. Two readings of the
/// clock and the marks after them are equally far apart, so nothing has to be taken off.
fn sections_of(samples: &[u64], operations: Vec<Vec<Window>>) -> Result<Vec<Window>> {
    let (all, seen) = (samples.len(), operations.len());
    ensure!(all == seen, "QEMU's plugin saw {seen} of {all} operations");
    let section = |(index, (sample, sections)): (usize, (&u64, Vec<Window>))| {
        let sums: Vec<u64> = sections.iter().map(|section| section.sum).collect();
        sections.into_iter().find(|section| section.sum == *sample).with_context(|| {
            format!(
                "QEMU's plugin attributed {sums:?} instructions of operation {index}, which took {sample}"
            )
        })
    };
    samples.iter().zip(operations).enumerate().map(section).collect()
}

fn read_bounded(path: &FilePath) -> Result<String> {
    let mut text = String::new();
    let read = File::open(path).map(|file| file.take(LONGEST_WINDOWS));
    read.and_then(|mut file| file.read_to_string(&mut text))
        .with_context(|| format!("failed to read what QEMU's plugin wrote to {}", path.display()))?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn windows(sums: &[u64]) -> Vec<Window> {
        sums.iter().map(|&sum| Window { sum, counts: Vec::new() }).collect()
    }

    #[test]
    fn the_section_of_an_operation_has_its_sum() {
        let sections = || vec![windows(&[282, 25399, 282]), windows(&[282, 25400, 282])];
        let sums = |samples: &[u64]| {
            let sections = sections_of(samples, sections());
            sections.map(|all| all.iter().map(|section| section.sum).collect::<Vec<_>>())
        };
        assert_eq!(sums(&[25399, 25400]).unwrap(), [25399, 25400]);
        let error = sums(&[25399, 25401]).unwrap_err().to_string();
        assert!(error.contains("[282, 25400, 282] instructions of operation 1, which took 25401"), "{error}");
        assert!(sums(&[25399]).unwrap_err().to_string().contains("2 of 1 operations"));
    }
}
