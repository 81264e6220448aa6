//! A cell whose guest runs in a QEMU with the plugin, and what the plugin wrote.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use anyhow::{Context, Result};
use hookbench_model::{Cell, Outcome};
use hookbench_vm::guest::{Answer, Error, GuestOptions, Start};
use hookbench_vm::machine::{Machine, Plugin};

use super::symbols::{KernelSymbols, LONGEST_SYMBOLS};
use crate::session::guests::cell::{GuestCell, Guests};
use crate::verify::check::TargetRules;

/// The most bytes of what the plugin writes; it stops earlier.
const LONGEST_WINDOWS: u64 = 512 << 20;

/// A cell, and where it begins.
#[derive(Clone, Copy)]
pub(in crate::session::guests) struct Subject<'a> {
    pub(in crate::session::guests) guests: &'a Guests,
    pub(in crate::session::guests) cell: &'a Cell,
    pub(in crate::session::guests) ready: &'a GuestCell<'a>,
    pub(in crate::session::guests) start: Start<'a>,
    /// What stands for its kernel, boot line and machine in the cache.
    pub(in crate::session::guests) site: &'a str,
    pub(in crate::session::guests) machine: Machine,
    /// The functions of its kernel.
    pub(in crate::session::guests) kernel: &'a KernelSymbols,
}

/// What is wanted of a guest with the plugin.
#[derive(Clone, Copy)]
pub(super) struct Wanted {
    /// How many operations to attribute.
    pub(super) operations: u32,
    /// Whether to list the functions of code that was loaded. Reading the list takes longer than most cells.
    pub(super) names: bool,
}

/// How a guest with the plugin ended.
pub(super) struct Traced {
    pub(super) answer: Result<Answer, Error>,
    /// What the plugin wrote.
    pub(super) windows: String,
}

impl Subject<'_> {
    /// Runs the cell with the file `plugin`, which attributes the first operations that are timed, as many as `wanted` says.
    ///
    /// # Errors
    /// When a file cannot be written or read. How the guest ended is not an error.
    pub(super) fn trace(&self, plugin: &Path, wanted: Wanted) -> Result<Traced> {
        let folder = self.guests.folder("windows")?;
        let written = folder.path().join("windows");
        let plugin = Plugin {
            file: plugin,
            symbols: &self.kernel.list(),
            windows: &written,
            skip: self.ready.warmup()?,
            keep: wanted.operations,
        };
        let options = GuestOptions {
            plugin: Some(plugin),
            sends_symbols: wanted.names,
            symbols: if wanted.names { LONGEST_SYMBOLS } else { 0 },
            ..self.guests.options(self.machine, self.ready.spec.samples)
        };
        let answer = self.guests.run_with(self.ready, self.start, &options);
        Ok(Traced { answer, windows: read_bounded(&written)? })
    }

    /// The cell's outcome, whose guest ended with `answer`.
    pub(super) fn outcome(&self, answer: Result<Answer, Error>) -> Outcome {
        self.ready.outcome(TargetRules::TCG, answer)
    }
}

pub(super) fn read_bounded(path: &Path) -> Result<String> {
    let mut text = String::new();
    let read = File::open(path).map(|file| file.take(LONGEST_WINDOWS));
    read.and_then(|mut file| file.read_to_string(&mut text))
        .with_context(|| format!("failed to read what QEMU's plugin wrote to {}", path.display()))?;
    Ok(text)
}
