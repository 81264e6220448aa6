//! How the guest of each cell reaches the start of its cell. All ways give the same numbers; they differ in time.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use hookbench_model::{Boot, Cell, History};

use super::provisions::Provisions;
use crate::verify::requirements::boot_line;

/// From so many cells of one kernel and boot line on, a machine is booted for them and copied. It costs as much as the
/// copies of some cells save.
const WORTH_BOOTING: usize = 12;

/// See the module.
pub(super) enum Histories {
    /// One way for all cells.
    All(History),
    /// What is fastest: the number of cells of each machine.
    Fastest(BTreeMap<Booted, usize>),
}

/// A machine that has booted.
type Booted = (String, Boot, String);

impl Histories {
    /// How the cells of `provisions` begin: all as `wanted`, or in the way that is fastest.
    ///
    /// # Errors
    /// When a kernel's configuration cannot be read.
    pub(super) fn new(wanted: Option<History>, provisions: &Provisions) -> Result<Histories> {
        if let Some(history) = wanted {
            return Ok(Histories::All(history));
        }
        let mut numbers = BTreeMap::new();
        for cell in &provisions.cells {
            if let Some(booted) = booted(cell, provisions)? {
                *numbers.entry(booted).or_default() += 1;
            }
        }
        Ok(Histories::Fastest(numbers))
    }

    /// Whether all cells have to begin in the same way.
    pub(super) fn are_forced(&self) -> bool {
        matches!(self, Histories::All(_))
    }

    /// Whether guests may be copies of a machine.
    pub(super) fn may_fork(&self) -> bool {
        matches!(self, Histories::Fastest(_) | Histories::All(History::Forked))
    }

    /// How the guest of `cell` reaches its start.
    pub(super) fn of(&self, cell: &Cell, provisions: &Provisions) -> History {
        match self {
            // QEMU's plugin, which makes the copies, follows one CPU.
            Histories::All(History::Forked) if cell.boot.cpus > 1 => History::Restored,
            Histories::All(history) => *history,
            Histories::Fastest(numbers) => {
                let booted = booted(cell, provisions).ok().flatten();
                match booted.and_then(|booted| numbers.get(&booted)) {
                    Some(&number) if number >= WORTH_BOOTING && cell.boot.cpus == 1 => History::Forked,
                    _ => History::Restored,
                }
            }
        }
    }
}

/// The machine of `cell`; `None` if the mirror no longer has its kernel.
fn booted(cell: &Cell, provisions: &Provisions) -> Result<Option<Booted>> {
    let Some(kernel) = provisions.kernels.get(&cell.kernel) else { return Ok(None) };
    let monitor = hookbench_probes::find(&cell.monitor).context("no such monitor")?;
    Ok(Some((cell.kernel.clone(), cell.boot, boot_line(monitor, kernel, cell)?)))
}
