//! The columns of the tables that show every cell of a section: what each means and what
//! it shows. Formats set the names of the monitors in front of them, and some leave out
//! the details at the end.

use hookbench_analysis::Summary;

use crate::cost::Cost;
use crate::section::{Row, Section};
use crate::text;

/// One column.
pub struct CellColumn {
    /// Its heading.
    pub name: &'static str,
    /// Its meaning, for readers.
    pub meaning: &'static str,
    /// The text of a row's field; empty where a row has no such number.
    pub field: fn(&Row<'_>) -> String,
    in_section: fn(&Section<'_>) -> bool,
}

impl CellColumn {
    /// Whether its fields are words, not numbers.
    pub fn is_text(&self) -> bool {
        self.name == OUTCOME
    }

    /// Whether it shows the hook, which can have an explanation.
    pub fn is_hook(&self) -> bool {
        self.name == "hook"
    }
}

/// The columns of `section`. Those about the division of costs are absent where no cost
/// is divided.
pub fn columns(section: &Section<'_>) -> Vec<&'static CellColumn> {
    COLUMNS.iter().filter(|column| (column.in_section)(section)).collect()
}

/// The columns with these names, in this order.
pub(crate) fn named(names: &[&str]) -> Vec<&'static CellColumn> {
    names.iter().filter_map(|name| COLUMNS.iter().find(|column| column.name == *name)).collect()
}

const OUTCOME: &str = "outcome";

const fn always(name: &'static str, meaning: &'static str, field: fn(&Row<'_>) -> String) -> CellColumn {
    CellColumn { name, meaning, field, in_section: |_| true }
}

const fn divided(name: &'static str, meaning: &'static str, field: fn(&Row<'_>) -> String) -> CellColumn {
    CellColumn { name, meaning, field, in_section: |section| section.is_divided() }
}

static COLUMNS: [CellColumn; 18] = [
    always("p50", "median, per operation", |row| statistic(row, |summary| summary.p50)),
    divided(
        "hook",
        "instructions that the monitor itself executes; in brackets, the share of operations with exactly \
         this hook",
        |row| divided_cost(row).map_or_else(String::new, |cost| cost.with_share()),
    ),
    divided("side effects", "what changed elsewhere: added minus hook", side_effects),
    CellColumn {
        name: "leaves out",
        meaning: "the part of the side effects that operations leave out, as refused ones do",
        field: left_out,
        in_section: |section| section.leaves_out(),
    },
    always("added", "p50 minus the p50 of none", |row| {
        row.added.map_or_else(String::new, |added| text::signed(added.p50))
    }),
    CellColumn {
        name: "over placebo",
        meaning: "p50 minus the p50 of the placebo: an estimate of the hook",
        field: |row| row.over_placebo.map_or_else(String::new, text::signed),
        in_section: |section| section.has_placebo(),
    },
    always("ratio", "p50 divided by the p50 of none", |row| {
        row.added.map_or_else(String::new, |added| text::ratio(added.ratio))
    }),
    always("seen/lost", "events the monitor saw and lost", |row| row.seen_lost()),
    always(OUTCOME, "how the cell ended", |row| row.outcome()),
    always("min", "smallest", |row| statistic(row, |summary| summary.min)),
    always("p90", "90th percentile", |row| statistic(row, |summary| summary.p90)),
    always("p99", "99th percentile", |row| statistic(row, |summary| summary.p99)),
    always("max", "largest", |row| statistic(row, |summary| summary.max)),
    always("mean", "arithmetic mean", |row| {
        row.summary.map_or_else(String::new, |summary| text::mean(summary.mean))
    }),
    always("n", "number of timed operations", |row| statistic(row, |summary| summary.n as u64)),
    divided("hook range", "smallest to largest hook, where operations differ", |row| {
        divided_cost(row).and_then(|cost| cost.hook()).map_or_else(String::new, |hook| hook.range_shown())
    }),
    always("attach", "cost of loading and attaching once, in the same unit", |row| {
        let cost = row.measured().and_then(|measured| measured.attach_cost);
        cost.map_or_else(String::new, text::grouped)
    }),
    always("memory", "bytes by which attaching reduced the guest's free memory", |row| {
        let bytes = row.measured().and_then(|measured| measured.memory_bytes);
        bytes.map_or_else(String::new, text::signed)
    }),
];

fn statistic(row: &Row<'_>, pick: fn(Summary) -> u64) -> String {
    row.summary.map_or_else(String::new, |summary| text::grouped(pick(summary)))
}

fn divided_cost(row: &Row<'_>) -> Option<Cost> {
    row.cost.filter(|cost| cost.hook().is_some())
}

fn side_effects(row: &Row<'_>) -> String {
    row.cost.and_then(|cost| cost.side_effects()).map_or_else(String::new, text::signed)
}

fn left_out(row: &Row<'_>) -> String {
    let hook = row.cost.and_then(|cost| cost.hook()).filter(|hook| hook.left_out != 0);
    hook.map_or_else(String::new, |hook| text::unsigned_if_positive(hook.left_out))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{fixture, section};

    fn names(section: &Section<'_>) -> Vec<&'static str> {
        columns(section).iter().map(|column| column.name).collect()
    }

    #[test]
    fn a_section_has_the_columns_that_its_costs_need() {
        let (old, new) = (fixture::synthetic_run(), fixture::divided_run());
        let undivided = names(&section::sections(&old)[0]);
        assert_eq!(undivided[..4], ["p50", "added", "ratio", "seen/lost"]);
        let sections = section::sections(&new);
        assert_eq!(names(&sections[0])[..5], ["p50", "hook", "side effects", "leaves out", "added"]);
        let watched = sections.iter().find(|section| section.cell.workload == "null-syscall").unwrap();
        assert!(!names(watched).contains(&"leaves out") && names(watched).contains(&"hook range"));
    }

    #[test]
    fn hook_and_side_effects_add_up() {
        let run = fixture::divided_run();
        let sections = section::sections(&run);
        let row = sections[0].rows.iter().find(|row| row.monitor() == "seccomp+errno").unwrap();
        let field = |name: &str| {
            let column = COLUMNS.iter().find(|column| column.name == name).unwrap();
            (column.field)(row).replace(',', "")
        };
        let number = |name| field(name).parse::<i64>().unwrap();
        assert_eq!(number("hook") + number("side effects"), number("added"));
        assert_eq!((number("leaves out"), field("hook range")), (59_180, String::new()));
    }
}
