//! What the formats of a comparison render: the comparison, the gate's judgement, and
//! how many lines are shown.

use hookbench_analysis::Comparison;
use hookbench_analysis::compare::{BaseAndNew, Change};
use hookbench_analysis::gate::Gate;

/// A comparison to render.
#[derive(Debug, Clone, Copy)]
pub struct ComparisonReport<'a> {
    /// The names of the runs: a folder, or a baseline.
    pub names: BaseAndNew<&'a str>,
    /// The comparison itself.
    pub comparison: &'a Comparison,
    /// The gate's judgement, if there is a gate.
    pub gate: Option<&'a Gate>,
    /// Whether unchanged cells are shown as well.
    pub all: bool,
    /// The largest number of lines of a list, if it is limited.
    pub most: Option<usize>,
}

/// The length of a brief list of cells.
const FEW: usize = 10;

impl<'a> ComparisonReport<'a> {
    /// The cells with numbers that are shown.
    pub(super) fn changes(&self) -> Vec<&'a Change> {
        self.comparison.numbers.iter().filter(|change| self.all || !change.is_nothing()).collect()
    }

    /// The same report with brief lists, for lists that are seldom read; unchanged if all
    /// cells are shown.
    pub(super) fn briefly(&self) -> ComparisonReport<'a> {
        let few = self.most.unwrap_or(usize::MAX).min(FEW);
        if self.all { *self } else { ComparisonReport { most: Some(few), ..*self } }
    }

    /// The shown part of `items`, and the number of omitted ones.
    pub(super) fn shown<'i, T>(&self, items: &'i [T]) -> (&'i [T], usize) {
        let shown = self.most.unwrap_or(usize::MAX).min(items.len());
        (&items[..shown], items.len() - shown)
    }
}
