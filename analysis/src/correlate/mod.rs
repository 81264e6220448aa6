//! Correlates a run on hardware with a run in TCG, cell by cell: what an instruction costs on
//! hardware, and whether both runs put the cells into the same order. How a correlation is
//! shown is the business of the crate `reports`.
//!
//! Two cells form a pair if they differ only in target and kernel (see `kernels.rs`).

mod error;
mod kernels;
mod order;
mod pair;
mod sides;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, HashMap};

use serde::Serialize;

pub use error::CorrelationError;
pub use order::{OperationAgreement, RankAgreement};
pub use pair::{CellPair, OmittedCell};
pub use sides::HardwareAndTcg;

use hookbench_model::{Cell, Clock, Measurement, Target};
use hookbench_results::Run;

/// The version of the format that a correlation is serialised in.
pub const SCHEMA: u32 = 1;

/// A run on hardware compared with a run in TCG.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Correlation {
    /// The version of this format.
    pub schema: u32,
    /// The target of the run on hardware.
    pub target: Target,
    /// The clock of the run on hardware.
    pub clock: Clock,
    /// The kernels that were matched with each other.
    pub kernels: Vec<HardwareAndTcg<String>>,
    /// The median of all ratios, in the clock's unit per instruction; `None` without pairs.
    pub median_ratio: Option<f64>,
    /// How well the orders of all cells agree.
    pub order: RankAgreement,
    /// How well the orders agree within each operation, whose cells differ only by the
    /// monitor; in the order of the run in TCG.
    pub operations: Vec<OperationAgreement>,
    /// The pairs. The one whose ratio is farthest from the median comes first.
    pub pairs: Vec<CellPair>,
    /// Cells without a pair, and why.
    pub left_out: Vec<OmittedCell>,
}

impl Correlation {
    /// Correlates `one` with `other`. Exactly one of them must be a run in TCG. `mapped`
    /// lists pairs of kernels, on hardware and in TCG, that count as the same.
    ///
    /// # Errors
    /// If the runs do not have these targets, a kernel cannot be matched, or no cell has
    /// numbers in both.
    pub fn new(one: &Run, other: &Run, mapped: &[(String, String)]) -> Result<Correlation, CorrelationError> {
        let runs = by_target(one, other)?;
        let kernels = kernels::matched(&runs, mapped)?;
        let (pairs, left_out) = paired(&runs, &kernels);
        if pairs.is_empty() {
            let [hardware, tcg] = [runs.hardware, runs.tcg].map(|run| kernels::listed(&kernels::names(run)));
            return Err(CorrelationError::NoCommonCell(hardware, tcg));
        }
        let kernels = kernels.into_iter().map(|(hardware, tcg)| HardwareAndTcg { hardware, tcg }).collect();
        Ok(Correlation::from_pairs(&runs, kernels, pairs, left_out))
    }

    fn from_pairs(
        runs: &HardwareAndTcg<&Run>,
        kernels: Vec<HardwareAndTcg<String>>,
        mut pairs: Vec<CellPair>,
        left_out: Vec<OmittedCell>,
    ) -> Self {
        let operations = order::operations(&pairs);
        let median_ratio = geometric_median(pairs.iter().map(|pair| pair.ratio).collect());
        for pair in &mut pairs {
            pair.deviation = pair.ratio / median_ratio.unwrap_or(pair.ratio);
        }
        let order = RankAgreement::new(&pairs.iter().collect::<Vec<_>>());
        pairs.sort_by_cached_key(|pair| {
            // The bits of non-negative floats sort like the floats.
            (std::cmp::Reverse(pair.deviation.ln().abs().to_bits()), pair.cell.to_string())
        });
        let Run { environment, .. } = runs.hardware;
        let (target, clock) = (environment.target, environment.clock);
        Correlation {
            schema: SCHEMA,
            target,
            clock,
            kernels,
            median_ratio,
            order,
            operations,
            pairs,
            left_out,
        }
    }
}

/// Finds out which of the runs is the one in TCG.
fn by_target<'a>(one: &'a Run, other: &'a Run) -> Result<HardwareAndTcg<&'a Run>, CorrelationError> {
    let (first, second) = (one.environment.target, other.environment.target);
    match (first, second) {
        (Target::Tcg, Target::Kvm | Target::Host) => Ok(HardwareAndTcg { hardware: other, tcg: one }),
        (Target::Kvm | Target::Host, Target::Tcg) => Ok(HardwareAndTcg { hardware: one, tcg: other }),
        _ => Err(CorrelationError::Targets(first, second)),
    }
}

/// Pairs the cells of both runs. `kernels` gives each kernel on hardware its kernel in TCG.
/// The omitted cells are sorted by name.
fn paired(
    runs: &HardwareAndTcg<&Run>,
    kernels: &BTreeMap<String, String>,
) -> (Vec<CellPair>, Vec<OmittedCell>) {
    let (mut pairs, mut left_out) = (Vec::new(), Vec::new());
    let mut on_hardware: HashMap<Cell, &Measurement> = HashMap::new();
    for measurement in &runs.hardware.measurements {
        let cell = &measurement.cell;
        match kernels.get(&cell.kernel) {
            Some(kernel) => {
                let as_tcg = Cell { kernel: kernel.clone(), target: Target::Tcg, ..cell.clone() };
                on_hardware.insert(as_tcg, measurement);
            }
            None => {
                left_out.push(OmittedCell { cell: cell.clone(), why: "its kernel is not in the TCG run" })
            }
        }
    }
    for measurement in &runs.tcg.measurements {
        let cell = &measurement.cell;
        let omitted = |why| OmittedCell { cell: cell.clone(), why };
        match on_hardware.remove(cell).map(|hardware| CellPair::new(hardware, measurement)) {
            Some(Ok(pair)) => pairs.push(pair),
            Some(Err(why)) => left_out.push(omitted(why)),
            None => left_out.push(omitted("not measured on hardware")),
        }
    }
    let unpaired = on_hardware.into_values().map(|measurement| measurement.cell.clone());
    left_out.extend(unpaired.map(|cell| OmittedCell { cell, why: "not measured in TCG" }));
    left_out.sort_by_cached_key(|omitted| omitted.cell.to_string());
    (pairs, left_out)
}

/// Returns the median. With an even number of ratios it is the geometric mean of the two in
/// the middle, so twice and half of it are equally far away.
fn geometric_median(mut ratios: Vec<f64>) -> Option<f64> {
    ratios.sort_by(f64::total_cmp);
    let upper = *ratios.get(ratios.len() / 2)?;
    let lower = ratios[(ratios.len() - 1) / 2];
    Some((lower * upper).sqrt())
}
