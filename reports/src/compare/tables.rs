//! The tables of changed cells, which all formats share: cells that are compared by their hook,
//! cells that are compared by p50, and cells in which only side effects changed.

use hookbench_analysis::compare::{BaseAndNew, Change, HookChange, Movement};

use super::phrases;
use super::report::ComparisonReport;
use crate::text;

/// One of the tables. Each format adds the unit, the cell's name and the notes.
pub(super) struct ChangeTable<'a> {
    /// The heading, without the unit.
    pub(super) heading: String,
    /// The names of the columns; all have numbers.
    pub(super) columns: &'static [&'static str],
    /// The fields of a cell in these columns.
    pub(super) fields: fn(&Change) -> Vec<String>,
    /// Whether a few cells are enough: nobody has to act on them.
    is_brief: bool,
    /// The cells.
    pub(super) changes: Vec<&'a Change>,
}

impl<'a> ChangeTable<'a> {
    /// `report`, with as many lines as this table shows.
    pub(super) fn limited(&self, report: &ComparisonReport<'a>) -> ComparisonReport<'a> {
        if self.is_brief { report.briefly() } else { *report }
    }
}

/// The tables of `report` that have cells. `changed` is the heading of changed cells.
pub(super) fn tables<'a>(report: &ComparisonReport<'a>, changed: &str) -> Vec<ChangeTable<'a>> {
    let (side_effects, others): (Vec<&Change>, Vec<&Change>) =
        report.changes().into_iter().partition(|change| change.movement() == Movement::SideEffects);
    let (hooks, medians): (Vec<&Change>, Vec<&Change>) =
        others.into_iter().partition(|change| change.hook.is_some());
    let what = if report.all { "Cells" } else { changed };
    let by_p50 = if report.comparison.has_hooks() { ", compared by p50" } else { "" };
    let tables = [
        ChangeTable {
            heading: format!("{what}, compared by hook"),
            columns: &["change", "%", "base hook", "new hook", "side effects", "added to none", "p50"],
            fields: of_hook,
            is_brief: false,
            changes: hooks,
        },
        ChangeTable {
            heading: format!("{what}{by_p50}"),
            columns: &["change", "%", "base p50", "new p50", "added to none"],
            fields: of_median,
            is_brief: false,
            changes: medians,
        },
        ChangeTable {
            heading: format!("Only side effects changed: {}", text::count(side_effects.len(), "cell")),
            columns: &["p50 change", "hook", "side effects", "added to none", "p50"],
            fields: of_side_effects,
            is_brief: true,
            changes: side_effects,
        },
    ];
    tables.into_iter().filter(|table| !table.changes.is_empty()).collect()
}

fn of_hook(change: &Change) -> Vec<String> {
    let judged = change.judged();
    let direct = change.hook.as_ref().map(HookChange::direct).unwrap_or_default();
    let mut fields = vec![
        text::signed(judged.difference),
        judged.percent.map_or_else(String::new, phrases::percent),
        text::unsigned_if_positive(direct.base),
        text::unsigned_if_positive(direct.new),
    ];
    fields.extend(around(change));
    fields
}

fn of_side_effects(change: &Change) -> Vec<String> {
    let direct = change.hook.as_ref().map(HookChange::direct).unwrap_or_default();
    let mut fields = vec![text::signed(change.difference), text::unsigned_if_positive(direct.new)];
    fields.extend(around(change));
    fields
}

fn of_median(change: &Change) -> Vec<String> {
    vec![
        text::signed(change.difference),
        change.percent.map_or_else(String::new, phrases::percent),
        text::grouped(change.summary.base.p50),
        text::grouped(change.summary.new.p50),
        phrases::added(&change.added),
    ]
}

/// The numbers next to a hook: side effects, what the monitor adds, and the median.
fn around(change: &Change) -> [String; 3] {
    let BaseAndNew { base, new } = change.summary;
    [
        phrases::added(&change.side_effects()),
        phrases::added(&change.added),
        format!("{} → {}", text::grouped(base.p50), text::grouped(new.p50)),
    ]
}
