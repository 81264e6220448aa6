//! Ways of scenarios: one that a policy no longer sees or stops is a regression, and so are a new hole, a neighbour that
//! a policy newly breaks, and one that it costs more than a limit allows.

use serde::Serialize;

use super::limit::{Bound, Limit};
use super::pattern::Pattern;
use super::verdict::VerdictKind;
use crate::compare::HookChange;
use crate::scenario::{WayChange, WayChanges, WayMovement};

/// The unit of prices.
const UNIT: &str = "instructions";

/// The gate's verdict on a way, or on a whole cell of ways.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct WayJudgement {
    /// The kind of verdict.
    #[serde(rename = "verdict")]
    pub kind: VerdictKind,
    /// What changed.
    #[serde(flatten)]
    pub change: WayChange,
}

/// Whether `limit` is about a cell of scenarios.
pub(super) fn concerns(limit: &Limit, changes: &WayChanges) -> bool {
    limit.cells.as_ref().is_none_or(|cells| changes.cells.iter().any(|cell| cells.matches_cell(cell)))
}

/// Judges the ways that changed, regressions first. Those that `allow` matches are allowed.
pub(super) fn judge(changes: &WayChanges, limits: &[Limit], allow: &[Pattern]) -> Vec<WayJudgement> {
    let judged = changes.changed.iter().filter_map(|change| {
        let movement = match &change.price {
            Some(price) => limited(change, price, limits),
            None => change.movement,
        };
        let kind = match movement {
            WayMovement::Worse if allow.iter().any(|pattern| pattern.matches_way(change)) => {
                VerdictKind::Allowed
            }
            WayMovement::Worse => VerdictKind::Regression,
            WayMovement::Better => VerdictKind::Improvement,
            WayMovement::Other => return None,
        };
        Some(WayJudgement { kind, change: change.clone() })
    });
    let mut judged: Vec<WayJudgement> = judged.collect();
    judged.sort_by_key(|judgement| judgement.kind);
    judged
}

/// Whether a price that changed is worse, given the last limit of each kind that is about it. Without limits every growth
/// is, unless chance may have caused it.
fn limited(change: &WayChange, price: &HookChange, limits: &[Limit]) -> WayMovement {
    let concerned =
        limits.iter().filter(|limit| limit.cells.as_ref().is_none_or(|cells| cells.matches_way(change)));
    let (mut soft, mut hard) = (None, None);
    for limit in concerned {
        match &limit.bound {
            bound @ Bound::Percent(_) => soft = Some(bound),
            bound @ Bound::Absolute { unit, .. } if unit == UNIT => hard = Some(bound),
            Bound::Absolute { .. } => {}
        }
    }
    let Some(growth) = u64::try_from(price.difference).ok().filter(|growth| *growth > 0) else {
        return change.movement;
    };
    let base = price.direct().base.unsigned_abs();
    match (soft, hard) {
        (None, None) => change.movement,
        _ if soft.into_iter().chain(hard).any(|bound| bound.is_exceeded(growth, base)) => WayMovement::Worse,
        _ => WayMovement::Other,
    }
}
