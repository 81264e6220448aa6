//! The answer about one goal on one kernel.

use serde::Serialize;

use super::candidate::Candidate;
use super::cost::{CostSource, MaxCost};
use super::evidence::{Evidence, PolicyCell};
use super::pair::{Pair, pairs};
use super::question::Goal;
use crate::scenario::{Seen, Verdict};

/// Which policies reach a goal on a kernel.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Answer {
    /// The kernel.
    pub kernel: String,
    /// The goal.
    pub goal: Goal,
    /// The ways that work there.
    pub works: Vec<String>,
    /// The ways of which the runs do not know whether they work.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unknown: Vec<String>,
    /// The policies that qualify, best first.
    pub qualifying: Vec<Candidate>,
    /// Pairs of policies that reach the goal together, best first. There are none if a policy reaches it alone.
    pub pairs: Vec<Pair>,
    /// If no policy qualifies: the one that comes nearest, and, if that stops allowed neighbours, the nearest that does
    /// not.
    pub nearest: Vec<String>,
    /// The other policies, nearest first.
    pub others: Vec<Candidate>,
    /// The ways that no policy sees, if the goal is to see them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub nobody_sees: Vec<String>,
    /// The ways that no policy stops, if the goal is to stop them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub nobody_stops: Vec<String>,
}

impl Answer {
    pub(super) fn new(
        kernel: &str,
        goal: &Goal,
        evidence: &Evidence<'_>,
        costs: &[&dyn CostSource],
        max_cost: Option<&MaxCost>,
    ) -> Answer {
        let cells = evidence.cells(kernel, &goal.scenario);
        let works = works(&cells);
        let mut candidates: Vec<Candidate> = cells
            .iter()
            .map(|cell| {
                let known = costs.iter().map(|source| source.costs(kernel, &goal.scenario, cell.policy));
                let mut known = known.filter(|costs| !costs.is_empty());
                let cost = MaxCost::worst(max_cost, known.next().unwrap_or_default());
                Candidate::new(cell, goal, &works, cost, max_cost)
            })
            .collect();
        candidates.sort_by_cached_key(Candidate::rank);
        let (qualifying, others): (Vec<_>, Vec<_>) = candidates.into_iter().partition(Candidate::qualifies);
        let pairs = if qualifying.is_empty() { pairs(&others, goal, &works, max_cost) } else { Vec::new() };
        let nearest = if qualifying.is_empty() { nearest(&others) } else { Vec::new() };
        let passes = |is_good: fn(&Verdict) -> bool| {
            let is_missed = |way: &&String| !cells.iter().any(|cell| has(cell, way, is_good));
            works.iter().filter(is_missed).cloned().collect()
        };
        let no_one = Vec::new;
        Answer {
            kernel: kernel.into(),
            goal: goal.clone(),
            unknown: evidence.unknown(kernel, &goal.scenario),
            nobody_sees: if goal.watch { passes(is_seen) } else { no_one() },
            nobody_stops: if goal.deny { passes(is_stopped) } else { no_one() },
            works,
            qualifying,
            pairs,
            nearest,
            others,
        }
    }

    /// Whether the goal is reached: by a policy, or by two.
    pub fn is_met(&self) -> bool {
        !self.qualifying.is_empty() || !self.pairs.is_empty()
    }
}

/// The ways that work and that policies should see or stop, in the order of the cells.
fn works(cells: &[PolicyCell<'_>]) -> Vec<String> {
    let mut works: Vec<String> = Vec::new();
    for way in cells.iter().flat_map(|cell| &cell.ways) {
        // A way that could not be judged under a policy works if it works under `none`.
        let is_forbidden = match way.verdict {
            Verdict::Forbidden { .. } => true,
            Verdict::Invalid(_) => way.unwatched.invalid.is_none() && !way.is_allowed,
            _ => false,
        };
        if is_forbidden && !works.contains(&way.tries.way) {
            works.push(way.tries.way.clone());
        }
    }
    works
}

fn has(cell: &PolicyCell<'_>, way: &str, is_good: fn(&Verdict) -> bool) -> bool {
    cell.ways.iter().any(|verdict| verdict.tries.way == way && is_good(&verdict.verdict))
}

fn is_seen(verdict: &Verdict) -> bool {
    matches!(verdict, Verdict::Forbidden { seen: Some(Seen::Seen), .. })
}

fn is_stopped(verdict: &Verdict) -> bool {
    matches!(verdict, Verdict::Forbidden { stop: Some(stop), .. } if stop.is_stopped())
}

fn nearest(others: &[Candidate]) -> Vec<String> {
    let mut covering = others.iter().filter(|candidate| candidate.covers() > 0);
    let Some(first) = covering.next() else { return Vec::new() };
    let gentle = covering.find(|candidate| !candidate.breaks()).filter(|_| first.breaks());
    [Some(first), gentle].into_iter().flatten().map(|candidate| candidate.policy.clone()).collect()
}
