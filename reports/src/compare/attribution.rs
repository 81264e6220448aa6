//! The sentences about hooks and side effects: what they are, and how their parts changed.

use hookbench_analysis::compare::{BaseAndNew, Change, HookChange, Movement};
use hookbench_model::{Attribution, Share};

use super::report::ComparisonReport;
use crate::text;

/// The meaning of the two words, for readers.
const MEANING: &str = "hook: the instructions that the monitor itself executes. side effects: what changed elsewhere, \
                       for example because the monitor's memory changes where the kernel's allocators look.";

/// Remarks on what the cells are compared by.
pub(super) fn remarks(report: &ComparisonReport<'_>) -> Vec<String> {
    let comparison = report.comparison;
    let mut remarks = Vec::new();
    if comparison.has_hooks() {
        remarks.push(MEANING.into());
        let is_none_changed = |change: &Change| change.cell.monitor.is_none() && change.difference != 0;
        if report.gate.is_some() && comparison.numbers.iter().any(is_none_changed) {
            remarks.push("The p50 of none changed. The gate judges it only by limits that name none.".into());
        }
    }
    let only =
        |side: BaseAndNew<bool>| comparison.numbers.iter().filter(move |change| change.attributed == side);
    for (name, base, new) in [("the base", true, false), ("the new run", false, true)] {
        let cells = only(BaseAndNew { base, new }).count();
        if cells > 0 {
            remarks.push(format!(
                "{} compared by p50, because only {name} knows what the hook costs.",
                if cells == 1 { "1 cell is".into() } else { format!("{} are", text::count(cells, "cell")) },
            ));
        }
    }
    remarks
}

/// The parts of an attribution that changed, besides the direct cost.
pub(super) fn notes(hook: &HookChange) -> Vec<String> {
    let BaseAndNew { base, new } = &hook.parts;
    let mut notes = Vec::new();
    if base.direct_share != new.direct_share {
        notes.push(format!(
            "operations with exactly this hook: {}",
            shares(base.direct_share, new.direct_share)
        ));
    }
    let range = |parts: &Attribution| {
        let [min, max] = [parts.direct_min, parts.direct_max].map(text::unsigned_if_positive);
        format!("{min} to {max}")
    };
    if range(base) != range(new) {
        notes.push(format!("hook in all operations: {} → {}", range(base), range(new)));
    }
    let parts = [
        ("avoided", base.avoided_p50, new.avoided_p50),
        ("indirect", base.indirect_p50, new.indirect_p50),
        ("interrupts", base.interrupts_p50, new.interrupts_p50),
    ];
    let changed = parts.iter().filter(|(_, base, new)| base != new);
    let changed: Vec<String> =
        changed.map(|(name, base, new)| format!("{name} {}", change(*base, *new))).collect();
    if !changed.is_empty() {
        notes.push(format!("side effects: {}", changed.join(", ")));
    }
    notes
}

/// The beginning of [`side_effects_only`].
pub(super) const ONLY_SIDE_EFFECTS: &str = "only side effects changed";

/// `only side effects changed: p50 +12 instructions`; empty if something else changed.
pub(super) fn side_effects_only(change: &Change) -> String {
    if change.movement() != Movement::SideEffects {
        return String::new();
    }
    format!("{ONLY_SIDE_EFFECTS}: p50 {} {}", text::signed(change.difference), change.clock.unit())
}

/// `98 of 100 → 97 of 100`
pub(super) fn shares(base: Share, new: Share) -> String {
    let share = |Share { operations, of }: Share| {
        format!("{} of {}", text::grouped(operations.into()), text::grouped(of.into()))
    };
    format!("{} → {}", share(base), share(new))
}

/// `50,000 → 45,000`
pub(super) fn change(base: i64, new: i64) -> String {
    let [base, new] = [base, new].map(text::unsigned_if_positive);
    format!("{base} → {new}")
}
