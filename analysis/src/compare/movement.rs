//! What moved in a cell, and the number that it is compared by.

use serde::Serialize;

use super::change::Change;
use super::samples::SampleChange;
use super::sides::BaseAndNew;

/// The number that a cell is compared by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Measure {
    /// The direct cost of the monitor, if both runs have it.
    Hook,
    /// The median of the operation.
    P50,
}

impl Measure {
    /// The name used everywhere.
    pub const fn name(self) -> &'static str {
        match self {
            Measure::Hook => "hook",
            Measure::P50 => "p50",
        }
    }
}

/// How the number that a cell is compared by changed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Judged {
    /// Which number it is.
    pub by: Measure,
    /// Its difference, in the clock's unit.
    pub difference: i64,
    /// Its difference in percent of the base; `None` if it changed from 0.
    pub percent: Option<f64>,
    /// The size of the base's number, in the clock's unit.
    pub base: u64,
}

/// What moved in a cell: the first of these that applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Movement {
    /// The direct cost of the monitor.
    Hook,
    /// The median, although the direct cost is the same: only side effects changed.
    SideEffects,
    /// The median of a cell that is compared by it.
    Median,
    /// Other numbers.
    Others,
    /// Nothing.
    Nothing,
}

impl Change {
    /// How the number changed that the cell is compared by.
    pub fn judged(&self) -> Judged {
        match &self.hook {
            Some(hook) => {
                let base = hook.parts.base.direct_p50.unsigned_abs();
                Judged { by: Measure::Hook, difference: hook.difference, percent: hook.percent, base }
            }
            None => {
                let Change { difference, percent, .. } = *self;
                Judged { by: Measure::P50, difference, percent, base: self.summary.base.p50 }
            }
        }
    }

    /// What moved.
    pub fn movement(&self) -> Movement {
        match &self.hook {
            Some(hook) if hook.difference != 0 => Movement::Hook,
            Some(_) if self.difference != 0 => Movement::SideEffects,
            None if self.difference != 0 => Movement::Median,
            _ if self.is_nothing() => Movement::Nothing,
            _ => Movement::Others,
        }
    }

    /// What the monitor changes elsewhere in each run: the rest of what it adds to `none`, in
    /// instructions. `None` without an attribution, and if `none` has no numbers.
    pub fn side_effects(&self) -> BaseAndNew<Option<i64>> {
        let direct = self.hook.as_ref().map(super::HookChange::direct);
        let rest = |added: Option<i64>, direct: Option<i64>| Some(added?.saturating_sub(direct?));
        BaseAndNew {
            base: rest(self.added.base, direct.map(|direct| direct.base)),
            new: rest(self.added.new, direct.map(|direct| direct.new)),
        }
    }

    /// Whether nothing changed at all.
    pub fn is_nothing(&self) -> bool {
        let is_hook_same = self.hook.as_ref().is_none_or(|hook| !hook.is_changed());
        self.samples == SampleChange::Same && self.refused.is_none() && self.others.is_empty() && is_hook_same
    }
}
