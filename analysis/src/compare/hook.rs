//! The hook of a monitor in two runs: what it costs itself, without what changed elsewhere.

use serde::Serialize;

use super::sides::BaseAndNew;
use hookbench_model::{Attribution, Measured};

/// The direct cost of a monitor in two runs that both have an attribution of the cell.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct HookChange {
    /// `direct_p50(new) − direct_p50(base)`, in instructions.
    pub difference: i64,
    /// The same in percent of the base's direct cost; `None` if that is 0 and the cost changed.
    pub percent: Option<f64>,
    /// The parts of the difference from `none`.
    #[serde(flatten)]
    pub parts: BaseAndNew<Attribution>,
}

impl HookChange {
    /// Compares the attributions; `None` if a side has none.
    pub(super) fn new(numbers: BaseAndNew<&Measured>) -> Option<HookChange> {
        Some(HookChange::of(numbers.base.attribution.as_ref()?, numbers.new.attribution.as_ref()?))
    }

    /// Compares two attributions.
    pub(crate) fn of(base: &Attribution, new: &Attribution) -> HookChange {
        let (base, new) = (base.clone(), new.clone());
        let direct = BaseAndNew { base: base.direct_p50 as f64, new: new.direct_p50 as f64 };
        HookChange {
            difference: new.direct_p50.saturating_sub(base.direct_p50),
            percent: direct.percent(),
            parts: BaseAndNew { base, new },
        }
    }

    /// Whether a part of the attribution differs.
    pub fn is_changed(&self) -> bool {
        !self.parts.is_same()
    }

    /// The direct costs.
    pub fn direct(&self) -> BaseAndNew<i64> {
        BaseAndNew { base: self.parts.base.direct_p50, new: self.parts.new.direct_p50 }
    }

    /// Whether chance may have moved the median: the cost varies, and the base has seen it.
    pub(crate) fn is_chance(&self) -> bool {
        self.difference != 0 && !self.is_steady() && self.is_within_base()
    }

    /// Whether in each run at least half of the operations have exactly the median direct cost.
    /// Otherwise the hook does not always do the same, and its median may move by chance.
    pub fn is_steady(&self) -> bool {
        [&self.parts.base, &self.parts.new].iter().all(|parts| parts.direct_share.fraction() >= 0.5)
    }

    /// Whether the new median is a cost that operations of the base have, or lies between two of them.
    pub fn is_within_base(&self) -> bool {
        let Attribution { direct_min, direct_max, .. } = self.parts.base;
        (direct_min..=direct_max).contains(&self.parts.new.direct_p50)
    }
}
