//! What differs between two results files, cell by cell: numbers that moved,
//! cells on one side only, other outcomes. How it is printed is in `table.rs`.

use std::collections::{BTreeMap, BTreeSet};

use super::csv::Table;

/// All differences between an earlier and the present results file.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Difference {
    /// Cells of both files together.
    pub cells: usize,
    /// Cells whose medians differ.
    pub moved: Vec<Moved>,
    /// Cells with equal medians and other columns that differ, the samples' statistics
    /// among them.
    pub aside: Vec<Aside>,
    /// Cells with another outcome or another reason for it.
    pub outcomes: Vec<Changed>,
    /// Cells of the earlier file only.
    pub gone: Vec<String>,
    /// Cells of the present file only.
    pub added: Vec<String>,
}

/// A cell whose median moved, in the clock's unit.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Moved {
    /// The cell's name.
    pub cell: String,
    /// The medians, before and now.
    pub p50: (i128, i128),
    /// What the monitor adds to the median, before and now, where both files know it.
    pub added: Option<(i128, i128)>,
}

/// A cell with an equal median and other columns that differ.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Aside {
    /// The cell's name.
    pub cell: String,
    /// The columns that differ.
    pub columns: Vec<Changed>,
}

/// A field with another text than before.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Changed {
    /// The cell, or the column.
    pub what: String,
    /// The earlier text.
    pub before: String,
    /// The present text.
    pub now: String,
}

impl Moved {
    /// By how much the median moved.
    pub(super) fn change(&self) -> i128 {
        self.p50.1 - self.p50.0
    }
}

impl Difference {
    /// Compares the file of before with the present one.
    pub(super) fn between(before: &Table, now: &Table) -> Difference {
        let (rows_before, rows_now) = (by_cell(before), by_cell(now));
        let names: BTreeSet<&String> = rows_before.keys().chain(rows_now.keys()).collect();
        let mut difference = Difference { cells: names.len(), ..Difference::default() };
        for name in names {
            match (rows_before.get(name), rows_now.get(name)) {
                (Some(one), Some(two)) => difference.row(name, (before, one), (now, two)),
                (Some(_), None) => difference.gone.push(name.clone()),
                _ => difference.added.push(name.clone()),
            }
        }
        difference
    }

    /// How many cells differ in any way.
    pub(super) fn differing(&self) -> usize {
        let numbers = self.moved.len() + self.aside.len();
        numbers + self.outcomes.len() + self.gone.len() + self.added.len()
    }

    /// Adds how one cell differs, if it does.
    fn row(&mut self, cell: &str, before: (&Table, &[String]), now: (&Table, &[String])) {
        let fields = |column| (before.0.field(before.1, column), now.0.field(now.1, column));
        let outcome = |(table, row): (&Table, &[String])| {
            let words = [table.field(row, "outcome"), table.field(row, "reason")];
            words.join(" ").trim_end().to_owned()
        };
        let (outcome_before, outcome_now) = (outcome(before), outcome(now));
        if outcome_before != outcome_now {
            self.outcomes.push(Changed { what: cell.into(), before: outcome_before, now: outcome_now });
        } else if fields("p50").0 != fields("p50").1 {
            // A median is a whole number in every results file.
            let p50 = numbers(fields("p50")).unwrap_or_default();
            self.moved.push(Moved { cell: cell.into(), p50, added: numbers(fields("added_p50")) });
        } else {
            let all: BTreeSet<&String> = before.0.columns().iter().chain(now.0.columns()).collect();
            let differing = all.into_iter().map(|column| (column, fields(column)));
            let columns: Vec<Changed> = differing
                .filter(|(_, (before, now))| before != now)
                .map(|(column, (before, now))| Changed {
                    what: column.clone(),
                    before: before.into(),
                    now: now.into(),
                })
                .collect();
            if !columns.is_empty() {
                self.aside.push(Aside { cell: cell.into(), columns });
            }
        }
    }
}

fn numbers((before, now): (&str, &str)) -> Option<(i128, i128)> {
    Some((before.parse().ok()?, now.parse().ok()?))
}

/// The rows by their cells; a cell's second row is `CELL #2`.
fn by_cell(table: &Table) -> BTreeMap<String, &[String]> {
    let mut rows: BTreeMap<String, &[String]> = BTreeMap::new();
    for row in &table.rows {
        let cell = table.cell(row);
        let names = (2..).map(|number: u32| format!("{cell} #{number}"));
        let free = std::iter::once(cell.clone()).chain(names).find(|name| !rows.contains_key(name));
        rows.insert(free.unwrap_or(cell), row);
    }
    rows
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(crate) const HEADER: &str = "kernel,workload,monitor,outcome,reason,min,p50,mean,added_p50\n";
    const NONE: &str = "6.1,null-syscall,none,measured,,245,245,245.0,0\n";
    const BPF: &str = "6.1,null-syscall,bpf,measured,,300,301,301.5,56\n";

    pub(crate) fn table(rows: &[&str]) -> Table {
        Table::read(&format!("{HEADER}{}", rows.concat())).unwrap()
    }

    fn between(before: &[&str], now: &[&str]) -> Difference {
        Difference::between(&table(before), &table(now))
    }

    #[test]
    fn equal_files_do_not_differ() {
        let difference = between(&[NONE, BPF], &[NONE, BPF]);
        assert_eq!(difference, Difference { cells: 2, ..Difference::default() });
        assert_eq!(difference.differing(), 0);
    }

    #[test]
    fn a_moved_median_is_reported_with_the_monitors_cost() {
        let now = "6.1,null-syscall,bpf,measured,,300,299,299.5,54\n";
        let difference = between(&[NONE, BPF], &[NONE, now]);
        let moved = Moved { cell: "6.1 null-syscall bpf".into(), p50: (301, 299), added: Some((56, 54)) };
        assert_eq!(moved.change(), -2);
        assert_eq!(difference, Difference { cells: 2, moved: vec![moved], ..Difference::default() });
    }

    #[test]
    fn different_samples_with_an_equal_median_are_not_a_move() {
        let now = "6.1,null-syscall,bpf,measured,,299,301,301.4,56\n";
        let difference = between(&[NONE, BPF], &[NONE, now]);
        assert!(difference.moved.is_empty());
        let columns: Vec<(&str, &str, &str)> = difference.aside[0]
            .columns
            .iter()
            .map(|column| (column.what.as_str(), column.before.as_str(), column.now.as_str()))
            .collect();
        assert_eq!(columns, [("mean", "301.5", "301.4"), ("min", "300", "299")]);
        assert_eq!(difference.differing(), 1);
    }

    #[test]
    fn cells_on_one_side_only_are_not_moves() {
        let difference = between(&[NONE], &[BPF]);
        assert_eq!(difference.gone, ["6.1 null-syscall none"]);
        assert_eq!(difference.added, ["6.1 null-syscall bpf"]);
        assert_eq!((difference.cells, difference.differing()), (2, 2));
    }

    #[test]
    fn a_changed_outcome_is_not_a_move() {
        let now = "6.1,null-syscall,bpf,failed,no events,,,,\n";
        let difference = between(&[BPF], &[now]);
        let changed = Changed {
            what: "6.1 null-syscall bpf".into(),
            before: "measured".into(),
            now: "failed no events".into(),
        };
        assert_eq!(difference, Difference { cells: 1, outcomes: vec![changed], ..Difference::default() });
    }

    #[test]
    fn a_new_column_is_reported() {
        let before = Table::read("kernel,p50\n6.1,5\n").unwrap();
        let now = Table::read("kernel,p50,new\n6.1,5,7\n").unwrap();
        let difference = Difference::between(&before, &now);
        assert_eq!(difference.aside[0].columns[0].what, "new");
    }

    #[test]
    fn two_rows_of_one_cell_are_compared_in_their_order() {
        let difference = between(&[NONE, NONE], &[NONE, "6.1,null-syscall,none,measured,,245,246,245.0,0\n"]);
        assert_eq!(difference.moved[0].cell, "6.1 null-syscall none #2");
    }
}
