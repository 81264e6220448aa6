//! How the guest of each cell reaches the start of its cell. All ways give the same numbers; they differ in time.

use std::collections::{BTreeMap, HashSet};

use anyhow::{Context, Result};
use hookbench_model::{Boot, Cell, History};

use super::provisions::Provisions;
use crate::verify::requirements::boot_line;

/// From so many cells of one kernel and boot line on, a machine is booted for them and copied. It costs as much as the
/// copies of some cells save.
const WORTH_BOOTING: usize = 12;

/// The same where the alternative is to make a snapshot, for which a machine has to boot as well.
const WORTH_NO_SNAPSHOT: usize = 3;

/// With up to so many machines, cells resume from snapshots while the machines boot, and the next run finds the snapshots
/// in the cache. Those of a plan with more machines take longer to make than they save, and more room than the cache has.
const MOST_KEPT: usize = 4;

/// See the module.
pub(super) enum Histories {
    /// One way for all cells.
    All(History),
    /// What is fastest.
    Fastest {
        /// The cells that get copies of machines.
        forked: HashSet<Cell>,
        /// Whether the others' snapshots are worth keeping.
        keeps_snapshots: bool,
    },
}

impl Histories {
    /// How the cells of `provisions` begin: all as `wanted`, or in the way that is fastest.
    ///
    /// # Errors
    /// When a kernel's configuration cannot be read.
    pub(super) fn new(wanted: Option<History>, provisions: &Provisions) -> Result<Histories> {
        if let Some(history) = wanted {
            return Ok(Histories::All(history));
        }
        let mut machines: BTreeMap<Booted, Vec<&Cell>> = BTreeMap::new();
        for cell in provisions.cells.iter().filter(|cell| can_fork(cell)) {
            if let Some(booted) = booted(cell, provisions)? {
                machines.entry(booted).or_default().push(cell);
            }
        }
        let keeps_snapshots = machines.len() <= MOST_KEPT;
        let enough = if keeps_snapshots { WORTH_BOOTING } else { WORTH_NO_SNAPSHOT };
        let many = machines.into_values().filter(|cells| cells.len() >= enough);
        Ok(Histories::Fastest { forked: many.flatten().cloned().collect(), keeps_snapshots })
    }

    /// Whether all cells have to begin in the same way.
    pub(super) fn are_forced(&self) -> bool {
        matches!(self, Histories::All(_))
    }

    /// Whether guests may be copies of a machine.
    pub(super) fn may_fork(&self) -> bool {
        matches!(self, Histories::Fastest { .. } | Histories::All(History::Forked))
    }

    /// Whether cells may resume from snapshots while a machine boots for them.
    pub(super) fn keeps_snapshots(&self) -> bool {
        match self {
            Histories::All(_) => false,
            Histories::Fastest { keeps_snapshots, .. } => *keeps_snapshots,
        }
    }

    /// How the guest of `cell` reaches its start.
    pub(super) fn of(&self, cell: &Cell) -> History {
        match self {
            Histories::All(History::Forked) if !can_fork(cell) => History::Restored,
            Histories::All(history) => *history,
            Histories::Fastest { forked, .. } if forked.contains(cell) => History::Forked,
            Histories::Fastest { .. } => History::Restored,
        }
    }
}

/// A machine that has booted.
type Booted = (String, Boot, String);

/// Whether the guest of `cell` can be a copy: QEMU's plugin, which makes the copies, follows one CPU.
fn can_fork(cell: &Cell) -> bool {
    cell.boot.cpus == 1
}

/// The machine of `cell`; `None` if the mirror no longer has its kernel.
fn booted(cell: &Cell, provisions: &Provisions) -> Result<Option<Booted>> {
    let Some(kernel) = provisions.kernels.get(&cell.kernel) else { return Ok(None) };
    let monitor = hookbench_probes::find(&cell.monitor).context("no such monitor")?;
    Ok(Some((cell.kernel.clone(), cell.boot, boot_line(monitor, kernel, cell)?)))
}
