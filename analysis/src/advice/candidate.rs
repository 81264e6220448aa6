//! A policy that is judged by a goal.

use std::cmp::Reverse;

use hookbench_results::described::PolicyRecord;
use hookbench_scenarios::Action;
use hookbench_scenarios::exchange::Object;
use serde::Serialize;

use super::cost::{Cost, Fit, MaxCost};
use super::evidence::PolicyCell;
use super::file::File;
use super::question::Goal;
use super::reason::Reason;
use crate::scenario::{Neighbour, Seen, Verdict, WayVerdict};

/// A policy for a scenario on a kernel. It qualifies if there is no reason against it.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Candidate {
    /// The policy: `bpf-lsm+deny[complete]`.
    pub policy: String,
    /// Its cell: `6.1/userns/bpf-lsm+deny[complete]`.
    pub cell: String,
    /// The ways that it sees, if the goal is to see them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sees: Option<Covered>,
    /// The ways that it stops, if the goal is to stop them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stops: Option<Covered>,
    /// The ways that it sees and whose records name no object; part of `sees`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unnamed: Vec<String>,
    /// The allowed neighbours that it lets through and records.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub false_alarms: Vec<String>,
    /// What the policy lacks on this kernel.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub lacks: Vec<String>,
    /// What it costs; `None` if that was not measured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost: Option<Cost>,
    /// Its file; `None` if it has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<File>,
    /// Whether it kills the caller.
    pub kills: bool,
    /// Why it does not qualify; empty if it does.
    pub reasons: Vec<Reason>,
}

/// The ways that have what is asked for, of those that work and could be judged.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Covered {
    /// The ways.
    pub ways: Vec<String>,
    /// Of how many.
    pub of: usize,
}

impl Candidate {
    /// Judges the policy of `cell` by `goal`, for the ways in `works`.
    pub(super) fn new(
        cell: &PolicyCell<'_>,
        goal: &Goal,
        works: &[String],
        cost: Option<Cost>,
        max_cost: Option<&MaxCost>,
    ) -> Candidate {
        let mut candidate = Candidate {
            policy: cell.policy.to_owned(),
            cell: cell.name.clone(),
            sees: None,
            stops: None,
            unnamed: Vec::new(),
            false_alarms: Vec::new(),
            lacks: cell.lacks.clone(),
            cost,
            file: File::of(&goal.scenario, cell.policy),
            kills: false,
            reasons: Vec::new(),
        };
        match cell.judged() {
            Err(reason) => candidate.reasons.push(reason),
            Ok(policy) => candidate.judge(policy, cell, goal, works, max_cost),
        }
        candidate
    }

    fn judge(
        &mut self,
        policy: &PolicyRecord,
        cell: &PolicyCell<'_>,
        goal: &Goal,
        works: &[String],
        max_cost: Option<&MaxCost>,
    ) {
        let ways = &cell.ways;
        let stops = policy.action != Action::Watch;
        self.kills = policy.action == Action::Kill;
        match (stops, goal.deny) {
            (true, false) => return self.reasons.push(Reason::Stops),
            (false, true) => self.reasons.push(Reason::OnlyWatches),
            (true, true) => self.judge_stops(ways),
            (false, false) => {}
        }
        match (goal.watch, policy.keeps_records) {
            (true, true) => self.judge_sees(ways),
            (true, false) => self.reasons.push(Reason::NoRecords),
            // Nothing else matters of a policy that cannot reach the goal.
            (false, _) if !stops => return,
            (false, _) => {}
        }
        self.judge_neighbours(ways);
        self.judge_unjudged(ways, works);
        self.judge_cost(max_cost);
    }

    /// Whether it qualifies.
    pub fn qualifies(&self) -> bool {
        self.reasons.is_empty()
    }

    /// Whether it was judged and may be part of an answer that has two policies.
    pub(super) fn is_of_use(&self) -> bool {
        !self.breaks() && !self.reasons.iter().any(Reason::rules_out)
    }

    /// How many ways it sees and stops.
    pub(super) fn covers(&self) -> usize {
        [&self.sees, &self.stops].into_iter().flatten().map(|covered| covered.ways.len()).sum()
    }

    /// Whether it stops allowed neighbours.
    pub fn breaks(&self) -> bool {
        self.reasons.iter().any(|reason| matches!(reason, Reason::Breaks { .. }))
    }

    /// The order of candidates, best first. Of those that qualify, a policy that refuses comes before one that kills,
    /// then come records that name their object, few false alarms, a small cost that is known, and a short file.
    pub(super) fn rank(&self) -> impl Ord + use<> {
        let no_answer = self.reasons.iter().any(Reason::rules_out);
        let broken = self.reasons.iter().map(|reason| match reason {
            Reason::Breaks { ways } => ways.len(),
            _ => 0,
        });
        let quality = (self.kills, self.unnamed.len(), self.false_alarms.len());
        (!self.qualifies(), no_answer, Reverse(self.covers()), broken.sum::<usize>(), quality, self.price())
    }

    /// The cost and the length of the file, for ranks. What is not known comes last.
    pub(super) fn price(&self) -> (i64, usize) {
        let hook = self.cost.as_ref().map_or(i64::MAX, |cost| cost.instructions);
        (hook, self.file.as_ref().map_or(usize::MAX, |file| file.lines))
    }

    fn judge_sees(&mut self, ways: &[&WayVerdict<'_>]) {
        let judged = ways.iter().filter_map(|way| match way.verdict {
            Verdict::Forbidden { seen, .. } => Some((*way, seen?)),
            _ => None,
        });
        let is_named =
            |way: &WayVerdict<'_>| way.tries.records.iter().any(|record| record.object == Object::Right);
        let unnamed = judged.clone().filter(|(way, seen)| *seen == Seen::Seen && !is_named(way));
        self.unnamed = unnamed.map(|(way, _)| way.tries.way.clone()).collect();
        let (covered, missed) =
            split(judged.map(|(way, seen)| (&*way.tries.way, seen == Seen::Seen, seen.word().to_owned())));
        self.sees = Some(covered);
        self.reasons.extend(missed.into_iter().map(|(verdict, ways)| Reason::NotSeen { verdict, ways }));
    }

    fn judge_stops(&mut self, ways: &[&WayVerdict<'_>]) {
        let judged = ways.iter().filter_map(|way| match way.verdict {
            Verdict::Forbidden { stop, .. } => Some((&*way.tries.way, stop?)),
            _ => None,
        });
        let (covered, missed) = split(judged.map(|(way, stop)| (way, stop.is_stopped(), stop.words())));
        self.stops = Some(covered);
        self.reasons.extend(missed.into_iter().map(|(verdict, ways)| Reason::NotStopped { verdict, ways }));
    }

    fn judge_neighbours(&mut self, ways: &[&WayVerdict<'_>]) {
        let named = |has: fn(&Verdict) -> bool| -> Vec<String> {
            ways.iter().filter(|way| has(&way.verdict)).map(|way| way.tries.way.clone()).collect()
        };
        let broken = named(|verdict| matches!(verdict, Verdict::Allowed(Neighbour::Broken(_))));
        self.false_alarms =
            named(|verdict| matches!(verdict, Verdict::Allowed(neighbour) if neighbour.is_false_alarm()));
        if !broken.is_empty() {
            self.reasons.push(Reason::Breaks { ways: broken });
        }
    }

    /// A way that works and that no run tried under the policy, or that did not behave, speaks against it.
    fn judge_unjudged(&mut self, ways: &[&WayVerdict<'_>], works: &[String]) {
        let is_judged = |way: &&String| {
            let mut judged = ways.iter().filter(|known| matches!(known.verdict, Verdict::Forbidden { .. }));
            judged.any(|known| known.tries.way == **way)
        };
        let unjudged: Vec<String> = works.iter().filter(|way| !is_judged(way)).cloned().collect();
        if !unjudged.is_empty() {
            self.reasons.push(Reason::Unjudged { ways: unjudged });
        }
    }

    fn judge_cost(&mut self, max_cost: Option<&MaxCost>) {
        match max_cost.map(|max_cost| max_cost.fit(self.cost.as_ref())) {
            Some(Fit::Exceeds) => self.reasons.push(Reason::TooExpensive),
            Some(Fit::Unknown) => self.reasons.push(Reason::CostUnknown),
            Some(Fit::Fits) | None => {}
        }
    }
}

/// The covered ways, and the others by their verdicts in words. A way comes with whether it is covered.
fn split<'w>(ways: impl Iterator<Item = (&'w str, bool, String)>) -> (Covered, Vec<(String, Vec<String>)>) {
    let mut covered = Covered::default();
    let mut missed: Vec<(String, Vec<String>)> = Vec::new();
    for (way, is_covered, verdict) in ways {
        covered.of += 1;
        if is_covered {
            covered.ways.push(way.into());
        } else if let Some((_, same)) = missed.iter_mut().find(|(known, _)| *known == verdict) {
            same.push(way.into());
        } else {
            missed.push((verdict, vec![way.into()]));
        }
    }
    (covered, missed)
}
