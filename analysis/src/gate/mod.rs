//! The gate: which changes of a comparison are regressions. The command that runs it and its
//! exit code are the business of the crate `harness`.
//!
//! Under an exact clock (`exact.rs`) every growth of a hook's direct cost is a regression unless a
//! limit allows it. Under a noisy clock (`noise.rs`) a growth of the median has to be significant
//! and larger than a limit; without a limit, one is implied. A way of a scenario (`ways.rs`) that a policy no longer
//! sees or stops is a regression, and so is an allowed neighbour that it costs more.

use serde::Serialize;

mod cell_limits;
mod error;
mod exact;
mod limit;
mod noise;
mod pattern;
#[cfg(test)]
mod tests;
mod verdict;
mod ways;

pub use error::GateError;
pub use limit::{Bound, Limit, NotALimit, Percent};
pub use noise::NoiseThresholds;
pub use pattern::{NotAPattern, Pattern};
pub use verdict::{CellVerdict, NoisyChange, Reason, VerdictKind};
pub use ways::WayJudgement;

use crate::Comparison;
use crate::compare::{Change, Quantity, UnpairedCell};
use cell_limits::CellLimits;
use hookbench_model::Cell;
use hookbench_model::measurement::UNPROVEN;

/// The rules of a gate.
#[derive(Debug, Clone, Default)]
pub struct GateRules {
    /// By how much hooks and medians may grow. If several limits of one kind (percent or absolute)
    /// match a cell, the last one counts. Limits of both kinds both count.
    pub limits: Vec<Limit>,
    /// Cells whose regressions are reported but allowed.
    pub allow: Vec<Pattern>,
}

/// The result of judging a comparison.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Gate {
    /// The limits.
    pub limits: Vec<Limit>,
    /// The thresholds for noisy clocks; `None` if no cell has one.
    #[serde(rename = "noisy", skip_serializing_if = "Option::is_none")]
    pub noise: Option<NoiseThresholds>,
    /// The verdicts, regressions first. A cell may have several.
    pub verdicts: Vec<CellVerdict>,
    /// The verdicts on ways of scenarios, regressions first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ways: Vec<WayJudgement>,
    /// Patterns of [`GateRules::allow`] that match no cell.
    #[serde(rename = "idle")]
    pub unmatched: Vec<String>,
}

impl Gate {
    /// Judges `comparison` by `rules`.
    ///
    /// # Errors
    /// If a limit matches no cell or has the wrong unit.
    pub fn judge(comparison: &Comparison, rules: &GateRules) -> Result<Gate, GateError> {
        let cells: Vec<&Cell> = cells(comparison).collect();
        let matches_none = |pattern: &Pattern| !cells.iter().any(|cell| pattern.matches(cell));
        let is_idle = |limit: &&Limit| {
            limit.cells.as_ref().is_some_and(matches_none) && !ways::concerns(limit, &comparison.ways)
        };
        if let Some(limit) = rules.limits.iter().find(is_idle) {
            return Err(GateError::NoCell(limit.to_string()));
        }
        let mut verdicts = outcome_verdicts(comparison);
        let has_hooks = comparison.has_hooks();
        for change in &comparison.numbers {
            // Where hooks are judged, `none` is what they are compared with.
            let is_context = has_hooks && change.cell.monitor.is_none();
            let limits = rules.limits.iter().filter(|limit| !is_context || limit.names_none());
            let limits = CellLimits::select(change, limits)?;
            verdicts.extend(change_verdicts(change, &limits, !is_context || !limits.is_empty()));
        }
        let allowed = |cell: &Cell| rules.allow.iter().any(|pattern| pattern.matches(cell));
        for verdict in &mut verdicts {
            if verdict.kind == VerdictKind::Regression && allowed(&verdict.cell) {
                verdict.kind = VerdictKind::Allowed;
            }
        }
        // The sort is stable: within a kind, changed outcomes come first, then the largest change.
        verdicts.sort_by_key(|verdict| verdict.kind);
        let ways = ways::judge(&comparison.ways, &rules.limits, &rules.allow);
        let matches_no_way = |pattern: &Pattern| !ways.iter().any(|way| pattern.matches_way(&way.change));
        let unmatched = rules.allow.iter().filter(|pattern| matches_none(pattern) && matches_no_way(pattern));
        let unmatched = unmatched.map(Pattern::to_string).collect();
        let is_noisy = comparison.numbers.iter().any(|change| change.noise.is_some());
        let noise = is_noisy.then(NoiseThresholds::default);
        Ok(Gate { limits: rules.limits.clone(), noise, verdicts, ways, unmatched })
    }

    /// The verdicts of one kind.
    pub fn of_kind(&self, kind: VerdictKind) -> impl Iterator<Item = &CellVerdict> {
        self.verdicts.iter().filter(move |verdict| verdict.kind == kind)
    }

    /// The number of verdicts of one kind, on cells and on ways.
    pub fn count(&self, kind: VerdictKind) -> usize {
        self.of_kind(kind).count() + self.ways.iter().filter(|way| way.kind == kind).count()
    }

    /// Whether there is no regression, apart from allowed ones.
    pub fn is_open(&self) -> bool {
        self.count(VerdictKind::Regression) == 0
    }
}

/// Judges the numbers of a cell.
fn change_verdicts(change: &Change, limits: &CellLimits<'_>, is_judged: bool) -> Vec<CellVerdict> {
    let verdict = |(kind, why)| CellVerdict { kind, cell: change.cell.clone(), why };
    let mut found = match &change.noise {
        Some(noise) => noise::judge(change, noise, limits).into_iter().collect(),
        None if is_judged => exact::judge(change, limits),
        None => Vec::new(),
    };
    if let Some(events) = change.growth(Quantity::Lost) {
        found.push((VerdictKind::Regression, Reason::LostMore { events }));
    }
    if change.refused.is_some() {
        found.push((VerdictKind::Regression, Reason::StopsOtherwise));
    }
    found.into_iter().map(verdict).collect()
}

/// Judges the cells whose numbers cannot be compared.
fn outcome_verdicts(comparison: &Comparison) -> Vec<CellVerdict> {
    let verdict = |kind, cell: &Cell, why| CellVerdict { kind, cell: cell.clone(), why };
    let regression = |cell: &Cell, why| verdict(VerdictKind::Regression, cell, why);
    let unproven = comparison.without_numbers.iter().filter(|known| known.ended.new.outcome == UNPROVEN);
    let changed = comparison.outcomes.iter().chain(unproven).filter_map(|outcome| {
        let kind = match (outcome.ended.base.outcome, outcome.ended.new.outcome) {
            ("measured", _) | (_, "failed" | UNPROVEN) => VerdictKind::Regression,
            (_, "measured") | ("failed" | UNPROVEN, _) => VerdictKind::Improvement,
            _ => return None,
        };
        Some(verdict(kind, &outcome.cell, Reason::Ended(outcome.ended.clone())))
    });
    let vanished = comparison.vanished.iter().map(|unpaired| regression(&unpaired.cell, Reason::Vanished));
    let has_failed = |unpaired: &&UnpairedCell| ["failed", UNPROVEN].contains(&unpaired.ended.outcome);
    let failed = comparison.appeared.iter().filter(has_failed);
    let failed = failed.map(|unpaired| regression(&unpaired.cell, Reason::New(unpaired.ended.clone())));
    let clocks = comparison.clocks.iter();
    let clocks = clocks.map(|clocks| regression(&clocks.cell, Reason::OtherClock(clocks.clock)));
    changed.chain(vanished).chain(failed).chain(clocks).collect()
}

/// All cells of a comparison.
fn cells(comparison: &Comparison) -> impl Iterator<Item = &Cell> {
    let outcomes = comparison.outcomes.iter().chain(&comparison.without_numbers).map(|outcome| &outcome.cell);
    let unpaired = comparison.vanished.iter().chain(&comparison.appeared).map(|unpaired| &unpaired.cell);
    let numbers = comparison.numbers.iter().map(|change| &change.cell);
    let clocks = comparison.clocks.iter().map(|clocks| &clocks.cell);
    outcomes.chain(unpaired).chain(numbers).chain(clocks)
}
