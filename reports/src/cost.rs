//! What a monitor costs per operation: its hook where it is known, the side effects, and
//! the whole difference of the medians. Reports rank and colour by the hook, and by the
//! whole difference where there is no hook.

use hookbench_analysis::baseline::Added;
use hookbench_model::{Attribution, Share};

use crate::text;

/// The words of all reports about the division of a cost, for readers.
pub const MEANING: &str = "Hook: the instructions that the monitor itself executes. Side effects: what changed \
                           elsewhere, for example because the monitor's memory changes where the kernel's \
                           allocators look. Added: the whole difference of the medians.";

/// The meaning of the brackets behind a hook, for readers.
pub const SHARE_MEANING: &str =
    "In brackets: how many operations have exactly this hook, where it is not all of them.";

/// What a monitor itself executes in an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hook {
    /// The median, in instructions.
    pub p50: i64,
    /// How many operations have exactly the median.
    pub share: Share,
    /// The smallest and the largest hook of an operation.
    pub range: (i64, i64),
    /// The median of what operations leave out because the monitor refused them; positive.
    pub left_out: i64,
}

impl Hook {
    fn new(attribution: &Attribution) -> Hook {
        Hook {
            p50: attribution.direct_p50,
            share: attribution.direct_share,
            range: (attribution.direct_min, attribution.direct_max),
            left_out: attribution.avoided_p50,
        }
    }

    /// ` (98 %)`: the share of operations with exactly this hook; empty if all have it.
    pub fn share_shown(&self) -> String {
        let Share { operations, of } = self.share;
        if operations >= of {
            return String::new();
        }
        // Rounded down: 99.9 % are not all.
        match u64::from(operations) * 100 / u64::from(of) {
            0 => " (< 1 %)".into(),
            percent => format!(" ({percent} %)"),
        }
    }

    /// `178 to 460`; empty if all operations have the same hook.
    pub fn range_shown(&self) -> String {
        let (min, max) = self.range;
        let ends = [min, max].map(text::unsigned_if_positive);
        if min == max { String::new() } else { format!("{} to {}", ends[0], ends[1]) }
    }
}

/// The cost of a monitor per operation, in the clock's unit. It has a hook, or a
/// difference from the baseline, or both.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cost {
    hook: Option<Hook>,
    added: Option<Added>,
    number: i64,
    ratio: f64,
    among_hooks: bool,
}

impl Cost {
    /// The cost of a cell with the attribution and the difference from the baseline that
    /// are known. `base` is the baseline's median. `None` if neither is known.
    pub fn new(attribution: Option<&Attribution>, added: Option<Added>, base: Option<u64>) -> Option<Cost> {
        let hook = attribution.map(Hook::new);
        let (number, ratio) = match (hook, added) {
            (Some(hook), _) => (hook.p50, base.map_or(f64::NAN, |base| 1.0 + hook.p50 as f64 / base as f64)),
            (None, Some(added)) => (added.p50, added.ratio),
            (None, None) => return None,
        };
        Some(Cost { hook, added, number, ratio, among_hooks: false })
    }

    /// The number that reports rank by: the hook if it is known, otherwise the whole
    /// difference of the medians.
    pub fn number(&self) -> i64 {
        self.number
    }

    /// The hook, if it is known.
    pub fn hook(&self) -> Option<Hook> {
        self.hook
    }

    /// The whole difference of the medians, if the baseline was measured.
    pub fn added(&self) -> Option<Added> {
        self.added
    }

    /// The rest of what the monitor adds: hook + side effects = added. What operations
    /// leave out is part of it. `None` if the hook or the baseline is not known.
    pub fn side_effects(&self) -> Option<i64> {
        let (hook, added) = self.hook.zip(self.added)?;
        let rest = i128::from(added.p50) - i128::from(hook.p50);
        Some(rest.clamp(i64::MIN.into(), i64::MAX.into()) as i64)
    }

    /// The same cost in a report whose other costs are hooks: it says so if it is not one.
    pub fn among_hooks(self) -> Cost {
        Cost { among_hooks: true, ..self }
    }

    /// `178` for a hook, `+444` for a whole difference; `+444 added` among hooks.
    pub fn shown(&self) -> String {
        match self.hook {
            Some(_) => text::unsigned_if_positive(self.number),
            None if self.among_hooks => text::signed(self.number) + " added",
            None => text::signed(self.number),
        }
    }

    /// The same with the share of a hook: `178 (98 %)`.
    pub fn with_share(&self) -> String {
        self.shown() + &self.hook.map_or_else(String::new, |hook| hook.share_shown())
    }

    /// The number as a change of the baseline's median, `+0.2 %`; `None` if that is 0 or
    /// not known.
    pub fn percent(&self) -> Option<String> {
        self.ratio.is_finite().then(|| text::percent(self.ratio))
    }

    /// `side effects -524, added -346`; `side effects -6,220 (leaves out 6,150), added -6,000`
    /// for a refused operation; empty without a hook.
    pub fn rest(&self) -> String {
        let Some(hook) = self.hook else { return String::new() };
        let left_out =
            if hook.left_out == 0 { String::new() } else { format!(" ({})", leaves_out(hook.left_out)) };
        let side_effects =
            self.side_effects().map(|number| format!("side effects {}{left_out}", text::signed(number)));
        let added = self.added.map(|added| format!("added {}", text::signed(added.p50)));
        side_effects.into_iter().chain(added).collect::<Vec<_>>().join(", ")
    }

    /// Everything that is known of a hook, in one line: `hook 178 in 98 of 100 operations,
    /// 178 to 460; side effects -524, added -346`. `None` without a hook.
    pub fn detail(&self) -> Option<String> {
        let hook = self.hook?;
        let mut line = format!("hook {}", self.shown());
        let Share { operations, of } = hook.share;
        if of > 0 {
            let number = |number: u32| text::grouped(number.into());
            line += &format!(" in {} of {} operations", number(operations), number(of));
        }
        let range = hook.range_shown();
        if !range.is_empty() {
            line += &format!(", {range}");
        }
        let rest = self.rest();
        Some(if rest.is_empty() { line } else { format!("{line}; {rest}") })
    }
}

/// `leaves out 38,900`
pub fn leaves_out(number: i64) -> String {
    format!("leaves out {}", text::unsigned_if_positive(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cost(direct: (i64, i64, i64), share: (u32, u32), avoided: i64, p50: u64) -> Cost {
        let attribution = Attribution {
            direct_p50: direct.0,
            direct_share: Share { operations: share.0, of: share.1 },
            direct_min: direct.1,
            direct_max: direct.2,
            avoided_p50: avoided,
            ..Default::default()
        };
        Cost::new(Some(&attribution), Some(Added::new(p50, 10_000)), Some(10_000)).unwrap()
    }

    #[test]
    fn a_hook_comes_first_and_the_rest_is_side_effects() {
        let found = cost((178, 178, 460), (98, 100), 0, 9_654);
        assert_eq!((found.number(), found.with_share()), (178, "178 (98 %)".into()));
        assert_eq!((found.side_effects(), found.percent()), (Some(-524), Some("+1.8 %".into())));
        assert_eq!(
            found.detail().unwrap(),
            "hook 178 in 98 of 100 operations, 178 to 460; side effects -524, added -346"
        );
    }

    #[test]
    fn what_a_refused_operation_leaves_out_is_named() {
        let found = cost((220, 220, 220), (50, 50), 6_150, 4_000);
        assert_eq!((found.side_effects(), found.with_share()), (Some(-6_220), "220".into()));
        assert_eq!(found.rest(), "side effects -6,220 (leaves out 6,150), added -6,000");
    }

    #[test]
    fn without_a_hook_the_cost_is_the_whole_difference() {
        let found = Cost::new(None, Some(Added::new(10_444, 10_000)), Some(10_000)).unwrap();
        assert_eq!([found.with_share(), found.among_hooks().shown()], ["+444", "+444 added"]);
        assert_eq!((found.side_effects(), found.detail()), (None, None));
        assert_eq!(Cost::new(None, None, Some(1)), None);
    }

    #[test]
    fn a_hook_without_a_baseline_is_a_cost() {
        let found =
            Cost::new(Some(&Attribution { direct_p50: 3, ..Default::default() }), None, None).unwrap();
        assert_eq!((found.with_share(), found.percent(), found.rest()), ("3".into(), None, String::new()));
    }

    #[test]
    fn a_share_is_rounded_down_and_extreme_numbers_do_not_overflow() {
        assert_eq!(cost((7, 0, 9), (999, 1_000), 0, 1).with_share(), "7 (99 %)");
        assert_eq!(cost((7, 0, 9), (1, 1_000), 0, 1).with_share(), "7 (< 1 %)");
        assert_eq!(cost((i64::MIN, 0, 0), (1, 1), 0, 20_000).side_effects(), Some(i64::MAX));
    }
}
