//! Ways of scenarios: one that a policy no longer sees or stops is a regression, and so are a new hole and a neighbour
//! that a policy newly breaks.

use serde::Serialize;

use super::pattern::Pattern;
use super::verdict::VerdictKind;
use crate::scenario::{WayChange, WayChanges, WayMovement};

/// The gate's verdict on a way, or on a whole cell of ways.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WayJudgement {
    /// The kind of verdict.
    #[serde(rename = "verdict")]
    pub kind: VerdictKind,
    /// What changed.
    #[serde(flatten)]
    pub change: WayChange,
}

/// Judges the ways that changed, regressions first. Those that `allow` matches are allowed.
pub(super) fn judge(changes: &WayChanges, allow: &[Pattern]) -> Vec<WayJudgement> {
    let judged = changes.changed.iter().filter_map(|change| {
        let kind = match change.movement {
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
