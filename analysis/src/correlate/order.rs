//! How well two runs agree on the order of cells, from cheap to expensive.

use serde::Serialize;

use super::pair::CellPair;
use crate::agreement::{kendall, spearman};
use crate::cell_name::by_name;
use hookbench_model::{Cell, Params};

/// Rank correlations, from −1 to 1; `None` with fewer than three cells, or if all values of
/// one side are equal.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct RankAgreement {
    /// The number of pairs.
    pub cells: usize,
    /// Spearman's rank correlation.
    pub spearman: Option<f64>,
    /// Kendall's rank correlation, τ-b.
    pub kendall: Option<f64>,
}

/// The agreement within one operation: kernel, workload, parameters and schedule.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct OperationAgreement {
    /// The operation's cell under `none` in TCG.
    #[serde(serialize_with = "by_name")]
    pub cell: Cell,
    /// How well the orders of its monitors agree.
    #[serde(flatten)]
    pub order: RankAgreement,
}

impl RankAgreement {
    pub(super) fn new(pairs: &[&CellPair]) -> RankAgreement {
        let hardware: Vec<u64> = pairs.iter().map(|pair| pair.p50.hardware).collect();
        let tcg: Vec<u64> = pairs.iter().map(|pair| pair.p50.tcg).collect();
        let enough = pairs.len() > 2;
        let spearman = enough.then(|| spearman(&hardware, &tcg)).flatten();
        let kendall = enough.then(|| kendall(&hardware, &tcg)).flatten();
        RankAgreement { cells: pairs.len(), spearman, kendall }
    }
}

/// Groups the pairs by operation, in their order.
pub(super) fn operations(pairs: &[CellPair]) -> Vec<OperationAgreement> {
    let mut groups: Vec<(Cell, Vec<&CellPair>)> = Vec::new();
    for pair in pairs {
        let cell = Cell { tuning: Params::default(), ..pair.cell.baseline() };
        match groups.iter_mut().find(|(known, _)| *known == cell) {
            Some((_, members)) => members.push(pair),
            None => groups.push((cell, vec![pair])),
        }
    }
    groups
        .into_iter()
        .map(|(cell, members)| OperationAgreement { cell, order: RankAgreement::new(&members) })
        .collect()
}
