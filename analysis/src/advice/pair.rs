//! Two policies that reach a goal together, where none does alone.

use serde::Serialize;

use super::candidate::{Candidate, Covered};
use super::cost::{Cost, Fit, MaxCost};
use super::question::Goal;

/// Two policies. hookbench tried each alone.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Pair {
    /// The policies.
    pub policies: [String; 2],
    /// Their cells.
    pub cells: [String; 2],
    /// What they cost together; `None` if one cost is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cost: Option<Cost>,
}

/// The pairs of `candidates` that reach `goal` on the ways that `works` has, best first.
pub(super) fn pairs(
    candidates: &[Candidate],
    goal: &Goal,
    works: &[String],
    max_cost: Option<&MaxCost>,
) -> Vec<Pair> {
    let of_use: Vec<&Candidate> = candidates.iter().filter(|candidate| candidate.is_of_use()).collect();
    let mut found = Vec::new();
    for (place, one) in of_use.iter().enumerate() {
        for other in &of_use[place + 1..] {
            let has_all = |covered: fn(&Candidate) -> &Option<Covered>| {
                let ways: Vec<&String> = [*one, *other]
                    .iter()
                    .filter_map(|it| covered(it).as_ref())
                    .flat_map(|it| &it.ways)
                    .collect();
                works.iter().all(|way| ways.contains(&way))
            };
            let reaches = (!goal.watch || has_all(|it| &it.sees)) && (!goal.deny || has_all(|it| &it.stops));
            let cost = sum(one, other);
            let fits = max_cost.is_none_or(|most| most.fit(cost.as_ref()) == Fit::Fits);
            if reaches && fits {
                let alarms = one.false_alarms.len() + other.false_alarms.len();
                let kills = one.kills || other.kills;
                let lines = one.price().1.saturating_add(other.price().1);
                let hook = cost.as_ref().map_or(i64::MAX, |cost| cost.instructions);
                found.push(((kills, alarms, hook, lines), pair(one, other, cost)));
            }
        }
    }
    found.sort_by_key(|(rank, _)| *rank);
    found.into_iter().map(|(_, pair)| pair).collect()
}

fn pair(one: &Candidate, other: &Candidate, cost: Option<Cost>) -> Pair {
    Pair {
        policies: [&one.policy, &other.policy].map(String::clone),
        cells: [&one.cell, &other.cell].map(String::clone),
        cost,
    }
}

/// The cost of both, if both are known for the same operation.
fn sum(one: &Candidate, other: &Candidate) -> Option<Cost> {
    let (one, other) = (one.cost.as_ref()?, other.cost.as_ref()?);
    let instructions = one.instructions.saturating_add(other.instructions);
    let sum = Cost::new(instructions, one.operation, one.of, one.cells.iter().chain(&other.cells).cloned());
    let at_least = one.at_least || other.at_least;
    (one.operation == other.operation).then_some(Cost { at_least, ..sum })
}
