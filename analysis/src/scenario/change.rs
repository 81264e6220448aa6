//! What changed from the verdicts and the prices of one run to those of another, for comparisons and the gate.

use std::collections::HashMap;

use hookbench_results::{Run, ScenarioCell};
use hookbench_scenarios::exchange::Price;
use serde::Serialize;

use super::verdict::{Neighbour, Seen, Stop, Verdict};
use super::{Verdicts, WayVerdict};
use crate::compare::{BaseAndNew, HookChange};

/// The verdicts of two runs.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct WayChanges {
    /// The number of ways with the same verdict in both runs.
    pub unchanged: usize,
    /// The ways and cells that changed, in the base's order.
    pub changed: Vec<WayChange>,
    /// The names of the base's cells.
    #[serde(skip)]
    pub(crate) cells: Vec<String>,
}

/// A way with another verdict or price, or a cell with another outcome.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct WayChange {
    /// The cell: `6.1/userns/bpf-lsm+deny`.
    pub cell: String,
    /// The way; `None` if it is about the whole cell.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub way: Option<String>,
    /// The verdicts or outcomes in words.
    #[serde(flatten)]
    pub words: BaseAndNew<String>,
    /// Whether that is worse.
    pub movement: WayMovement,
    /// What the policy costs the way, an allowed neighbour, if that is what changed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub price: Option<HookChange>,
}

/// Whether a change is for the worse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum WayMovement {
    /// The policy no longer does what it did, or a new hole is open.
    Worse,
    /// The policy does more than it did.
    Better,
    /// Neither.
    Other,
}

impl WayChanges {
    /// Compares the verdicts of `new` with those of `base`.
    pub fn new(base: &Run, new: &Run) -> WayChanges {
        let verdicts = BaseAndNew { base: Verdicts::new(base), new: Verdicts::new(new) };
        let after: HashMap<String, &ScenarioCell> =
            new.scenarios.iter().map(|cell| (cell.to_string(), cell)).collect();
        let cells = base.scenarios.iter().map(ScenarioCell::to_string).collect();
        let mut changes = WayChanges { cells, ..WayChanges::default() };
        for cell in &base.scenarios {
            match after.get(&cell.to_string()) {
                None => changes.add_cell(cell, "missing", WayMovement::Worse),
                Some(other) if other.outcome.word() != cell.outcome.word() => {
                    let movement = cell_movement(cell, other);
                    changes.add_cell(cell, other.outcome.word(), movement);
                }
                Some(other) => {
                    changes.add_ways(cell, &verdicts);
                    changes.add_prices(cell, other);
                }
            }
        }
        changes
    }

    /// Whether there is nothing to say.
    pub fn is_empty(&self) -> bool {
        self.unchanged == 0 && self.changed.is_empty()
    }

    fn add_cell(&mut self, cell: &ScenarioCell, now: &str, movement: WayMovement) {
        let words = BaseAndNew { base: cell.outcome.word().to_owned(), new: now.to_owned() };
        self.changed.push(WayChange { cell: cell.to_string(), way: None, words, movement, price: None });
    }

    /// Adds the prices that differ. A run may have no prices: then nothing is compared.
    fn add_prices(&mut self, cell: &ScenarioCell, other: &ScenarioCell) {
        let (Some(base), Some(new)) = (cell.tried(), other.tried()) else { return };
        for before in &base.prices {
            let after = new.prices.iter().find(|after| after.way == before.way);
            self.changed.extend(after.and_then(|after| price_change(cell, before, after)));
        }
    }

    fn add_ways(&mut self, cell: &ScenarioCell, verdicts: &BaseAndNew<Verdicts<'_>>) {
        let ScenarioCell { kernel, scenario, policy, .. } = cell;
        let Some(base) = verdicts.base.find(kernel, scenario, policy) else { return };
        let new = verdicts.new.find(kernel, scenario, policy);
        for before in &base.ways {
            let after = new.and_then(|new| new.way(&before.tries.way));
            self.add_way(cell, before, after);
        }
    }

    fn add_way(&mut self, cell: &ScenarioCell, before: &WayVerdict<'_>, after: Option<&WayVerdict<'_>>) {
        if after.is_some_and(|after| after.verdict == before.verdict) {
            self.unchanged += 1;
            return;
        }
        let now = after.map_or_else(|| "not tried".to_owned(), WayVerdict::all_words);
        self.changed.push(WayChange {
            cell: cell.to_string(),
            way: Some(before.tries.way.clone()),
            words: BaseAndNew { base: before.all_words(), new: now },
            movement: movement(&before.verdict, after.map(|after| &after.verdict)),
            price: None,
        });
    }
}

impl WayChange {
    /// The cell and the way: `6.1/userns/bpf-lsm+deny/clone3`.
    pub fn name(&self) -> String {
        match &self.way {
            Some(way) => format!("{}/{way}", self.cell),
            None => self.cell.clone(),
        }
    }
}

/// How a price changed; `None` if the policy costs the same, or a run does not know what it costs.
fn price_change(cell: &ScenarioCell, before: &Price, after: &Price) -> Option<WayChange> {
    let price = HookChange::of(&before.cost.as_ref()?.parts, &after.cost.as_ref()?.parts);
    let movement = match price.difference {
        0 => return None,
        _ if price.is_chance() => WayMovement::Other,
        1.. => WayMovement::Worse,
        _ => WayMovement::Better,
    };
    let words = |instructions: i64| format!("{instructions} instructions");
    let direct = price.direct();
    Some(WayChange {
        cell: cell.to_string(),
        way: Some(before.way.clone()),
        words: BaseAndNew { base: words(direct.base), new: words(direct.new) },
        movement,
        price: Some(price),
    })
}

fn cell_movement(base: &ScenarioCell, new: &ScenarioCell) -> WayMovement {
    match (base.outcome.word(), new.outcome.word()) {
        ("tried", _) | (_, "failed") => WayMovement::Worse,
        (_, "tried") | ("failed", _) => WayMovement::Better,
        _ => WayMovement::Other,
    }
}

/// How bad a verdict is: 0 is good. `None` if it says nothing about the policy.
fn badness(verdict: &Verdict) -> Option<[u8; 2]> {
    match verdict {
        Verdict::Works | Verdict::Invalid(_) => None,
        // A way that does not work is no hole.
        Verdict::DoesNotWork { .. } => Some([0, 0]),
        Verdict::Forbidden { seen, stop } => Some([seen.map_or(0, of_seen), stop.map_or(0, of_stop)]),
        Verdict::Allowed(Neighbour::Broken(_)) => Some([0, 1]),
        Verdict::Allowed(Neighbour::Fine | Neighbour::FalseAlarm | Neighbour::WrongName) => Some([0, 0]),
    }
}

fn of_seen(seen: Seen) -> u8 {
    match seen {
        Seen::Seen => 0,
        Seen::Blank | Seen::WrongObject => 1,
        Seen::Missed => 2,
        Seen::WrongName => 3,
    }
}

fn of_stop(stop: Stop) -> u8 {
    match stop {
        Stop::Denied(_) | Stop::KilledBefore(_) => 0,
        Stop::KilledAfter(_) => 1,
        Stop::NotStopped => 2,
    }
}

fn movement(before: &Verdict, after: Option<&Verdict>) -> WayMovement {
    let Some(old) = badness(before) else { return WayMovement::Other };
    let new = match after {
        None | Some(Verdict::Invalid(_)) => return WayMovement::Worse,
        Some(after) => badness(after),
    };
    let Some(new) = new else { return WayMovement::Other };
    if old.iter().zip(&new).any(|(old, new)| new > old) {
        WayMovement::Worse
    } else if old != new && !matches!(after, Some(Verdict::DoesNotWork { .. })) {
        WayMovement::Better
    } else {
        WayMovement::Other
    }
}
