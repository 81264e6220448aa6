//! The exact clock: every growth is a regression unless a limit allows it, because no noise can
//! explain it. A hook that does not always do the same is the exception.

use super::cell_limits::CellLimits;
use super::limit::Limit;
use super::verdict::{Reason, VerdictKind};
use crate::compare::{BaseAndNew, Change, HookChange, Judged};

/// A refused operation may save this much less before it counts, in percent of what it saved. Below,
/// the rest of the operation may have changed: another program, or the state of the kernel.
const LEAST_AVOIDED_PERCENT: i128 = 5;

/// Judges the number that `change` is compared by, and what refused operations save.
pub(super) fn judge(change: &Change, limits: &CellLimits<'_>) -> Vec<(VerdictKind, Reason)> {
    let Judged { by, difference, percent, .. } = change.judged();
    let unit = change.clock.unit();
    let mut found = Vec::new();
    if let Some(hook) = change.hook.as_ref().filter(|hook| limits.is_empty() && hook.is_chance()) {
        let BaseAndNew { base, new } = &hook.parts;
        let share = BaseAndNew { base: base.direct_share, new: new.direct_share };
        found.push((VerdictKind::Inconclusive, Reason::Varies { difference, percent, unit, share }));
    } else if let Some(limit) = exceeded(&change.judged(), limits) {
        let limit = limit.cloned();
        found.push((VerdictKind::Regression, Reason::Grew { by, difference, percent, unit, limit }));
    } else if difference < 0 {
        found.push((VerdictKind::Improvement, Reason::Shrank { by, difference, percent, unit }));
    }
    let less = change.hook.as_ref().and_then(avoids_less);
    found.extend(less.map(|avoided| (VerdictKind::Regression, Reason::AvoidsLess { avoided, unit })));
    found
}

/// Returns whether the number is a regression, and the limit that it exceeds. Without limits every
/// growth is one.
fn exceeded<'a>(judged: &Judged, limits: &CellLimits<'a>) -> Option<Option<&'a Limit>> {
    let growth = u64::try_from(judged.difference).ok().filter(|growth| *growth > 0)?;
    if limits.is_empty() {
        return Some(None);
    }
    limits.iter().find(|limit| limit.bound.is_exceeded(growth, judged.base)).map(Some)
}

/// What refused operations save, if that shrank.
fn avoids_less(hook: &HookChange) -> Option<BaseAndNew<i64>> {
    let avoided = BaseAndNew { base: hook.parts.base.avoided_p50, new: hook.parts.new.avoided_p50 };
    let (base, new) = (i128::from(avoided.base), i128::from(avoided.new));
    (base > 0 && (base - new) * 100 > base * LEAST_AVOIDED_PERCENT).then_some(avoided)
}
