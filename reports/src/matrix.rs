//! Kernels compared: what every monitor costs one operation on each of them.
//! Formats render the matrices.

use std::collections::HashMap;

use hookbench_model::{Cell, Clock, Schedule, Target};
use hookbench_results::Run;

use crate::section::{self, Row, Section};
use crate::text;

/// One operation: a row per monitor, a column per kernel.
pub struct Matrix<'s, 'a> {
    /// `mprotect-storm[to=r]`
    pub operation: String,
    /// The schedule of the operations.
    pub schedule: Schedule,
    /// The clock of the numbers.
    pub clock: Clock,
    /// The target that the cells ran on.
    pub target: Target,
    /// The kernels, with the boot parameters that differ from the default.
    pub kernels: Vec<String>,
    /// Each monitor's name, and its row on each kernel, if there is one.
    pub lines: Vec<(String, Vec<Option<&'s Row<'a>>>)>,
}

/// The matrices of `run`, one for each operation that was measured on several kernels.
/// Tuned monitors are omitted; the sweeps have them.
pub fn matrices<'s, 'a>(run: &Run, sections: &'s [Section<'a>]) -> Vec<Matrix<'s, 'a>> {
    let places = places(run);
    let operation = |section: &'s Section<'a>| {
        let Cell { target, workload, params, schedule, .. } = &section.cell;
        (section.clock, *target, workload, params, *schedule)
    };
    let groups = section::gathered(sections, operation).into_iter().map(|(_, group)| group);
    groups
        .filter(|group| group.len() > 1)
        .filter_map(|mut group| {
            // Kernels with the same boot parameters are neighbours.
            group.sort_by_key(|section| section.cell.boot);
            matrix(&group, &places)
        })
        .collect()
}

/// The place of each monitor in the run, which is its place in the table of monitors.
fn places(run: &Run) -> HashMap<String, usize> {
    let mut places = HashMap::new();
    for measurement in &run.measurements {
        let next = places.len();
        places.entry(measurement.cell.monitor.to_string()).or_insert(next);
    }
    places
}

fn matrix<'s, 'a>(group: &[&'s Section<'a>], places: &HashMap<String, usize>) -> Option<Matrix<'s, 'a>> {
    let first = group.first()?;
    let mut lines: Vec<(String, Vec<Option<&'s Row<'a>>>)> = Vec::new();
    for (column, section) in group.iter().enumerate() {
        for row in section.rows.iter().filter(|row| row.measurement.cell.tuning.is_empty()) {
            let monitor = row.monitor();
            let line = match lines.iter().position(|(name, _)| *name == monitor) {
                Some(line) => line,
                None => {
                    lines.push((monitor, vec![None; group.len()]));
                    lines.len() - 1
                }
            };
            lines[line].1[column] = Some(row);
        }
    }
    lines.sort_by_key(|(name, _)| places.get(name).copied().unwrap_or(usize::MAX));
    Some(Matrix {
        operation: first.operation(),
        schedule: first.cell.schedule,
        clock: first.clock,
        target: first.cell.target,
        kernels: group.iter().map(|section| section.kernel()).collect(),
        lines,
    })
}

impl Matrix<'_, '_> {
    /// `mprotect-storm[to=r], paced, instructions (clock: …)`
    pub fn title(&self) -> String {
        let unit = text::unit_and_clock(self.clock, self.target);
        format!("{}, {}: {unit}", self.operation, self.schedule)
    }

    /// Whether a cost of the matrix is divided into hook and side effects.
    pub fn is_divided(&self) -> bool {
        let mut rows = self.lines.iter().flat_map(|(_, fields)| fields.iter().flatten());
        rows.any(|row| row.cost.is_some_and(|cost| cost.hook().is_some()))
    }
}

/// The meaning of the numbers of all `matrices`, for readers.
pub fn meaning(matrices: &[Matrix<'_, '_>]) -> &'static str {
    if matrices.iter().any(Matrix::is_divided) {
        "The hook of each monitor on each kernel, per operation. A number with the word added has no hook: it is \
         the whole difference of the medians, side effects included."
    } else {
        "The cost that each monitor adds to the median of one operation on each kernel."
    }
}

/// The text of a field: the median of `none`, the cost of others, or the outcome.
pub fn field(row: Option<&Row<'_>>) -> String {
    let Some(row) = row else { return String::new() };
    match (row.cost, row.summary) {
        (_, Some(summary)) if row.measurement.cell.monitor.is_none() => text::grouped(summary.p50),
        (Some(cost), _) => cost.shown(),
        _ => row.outcome(),
    }
}

/// The heat of a field, 0 to [`HOTTEST`]: the cost in half decades. `None` for `none`, and
/// without a cost.
pub fn heat(row: Option<&Row<'_>>) -> Option<usize> {
    let cost = row?.cost?.number();
    if cost < 1 {
        return Some(0);
    }
    Some((((cost as f64).log10() * 2.0) as usize).min(HOTTEST))
}

/// The heat of a cost of 100,000 and more.
pub const HOTTEST: usize = 10;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{fixture, section};

    #[test]
    fn kernels_are_columns_and_monitors_keep_the_order_of_the_run() {
        let run = fixture::synthetic_run();
        let sections = section::sections(&run);
        let matrices = matrices(&run, &sections);
        let matrix = &matrices[0];
        assert_eq!(matrix.kernels, ["6.1", "6.12"]);
        assert_eq!(matrix.lines[0].0, "none");
        assert!(matrix.lines.iter().all(|(_, fields)| fields.len() == 2));
        assert!(matrix.title().contains("clock: instructions"), "{}", matrix.title());
    }

    #[test]
    fn a_higher_cost_is_hotter() {
        let run = fixture::run_of(&[
            ("none", &[1_000]),
            ("kprobe+count", &[1_000]),
            ("fentry+count", &[1_040]),
            ("audit+rules", &[9_000_000]),
        ]);
        let sections = section::sections(&run);
        let heats: Vec<Option<usize>> = sections[0].rows.iter().map(|row| heat(Some(row))).collect();
        assert_eq!(heats, [None, Some(0), Some(3), Some(HOTTEST)]);
        assert_eq!(field(None), "");
        assert_eq!(field(Some(&sections[0].rows[2])), "+40");
    }
}
