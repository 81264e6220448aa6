//! Several runs, or the kernels of one, beside each other in order: what each monitor
//! adds to an operation, as a table, CSV and lines to be drawn.
//!
//! A run has no date, for equal runs are equal bytes: the order is the reader's.

use std::collections::HashMap;

use hookbench_results::{Cell, Clock, Run};

use crate::section::{self, Row, Section};
use crate::{csv, text};

/// What one goes along.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Along {
    /// The runs: a history for each kernel and operation.
    Runs,
    /// The kernels of the runs: a history for each operation.
    Kernels,
}

/// One operation under its monitors, from one place to the next.
#[derive(Debug, Clone)]
pub struct OperationHistory {
    /// What its cells have in common; without a kernel where one goes along them.
    pub cell: Cell,
    /// What counted.
    pub clock: Clock,
    /// What the places are called.
    pub labels: Vec<String>,
    /// One per monitor.
    pub lines: Vec<MonitorHistory>,
}

/// One monitor in its history.
#[derive(Debug, Clone)]
pub struct MonitorHistory {
    /// Its name, with the parameters that are not as usual.
    pub monitor: String,
    /// The place and the numbers there.
    pub points: Vec<(i32, HistoryPoint)>,
}

/// The numbers of a cell, in the clock's unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HistoryPoint {
    /// The median.
    pub p50: Option<u64>,
    /// What it adds to `none`.
    pub added: Option<i64>,
}

impl OperationHistory {
    /// `execve-noop[env_pages=0], kernel 6.1, paced: instructions (clock: …) added to none`
    pub fn title(&self) -> String {
        let unit = text::unit_and_clock(self.clock, self.cell.target);
        format!("{}: {unit} added to none", self.place())
    }

    /// `execve-noop[env_pages=0], kernel 6.1, paced`
    pub fn place(&self) -> String {
        let Cell { kernel, params, schedule, boot, .. } = &self.cell;
        let workload = text::one_line(&self.cell.workload);
        let params = if params.is_empty() {
            String::new()
        } else {
            format!("[{}]", text::one_line(&params.to_string()))
        };
        let kernel =
            if kernel.is_empty() { String::new() } else { format!(", kernel {}", text::one_line(kernel)) };
        let boot = if boot.is_default() { String::new() } else { format!(" {boot}") };
        format!("{workload}{params}{kernel}{boot}, {schedule}")
    }

    /// The lines of what adds something: all but that of `none`.
    pub fn monitors(&self) -> impl Iterator<Item = &MonitorHistory> {
        let measured = |line: &&MonitorHistory| line.points.iter().any(|(_, point)| point.added.is_some());
        self.lines.iter().filter(|line| line.monitor != "none").filter(measured)
    }
}

/// The histories of the cells of `runs` that are `chosen`, in the order of their first
/// cells. A run goes by its label.
pub fn histories(
    runs: &[(String, Run)],
    along: Along,
    chosen: impl Fn(&Cell) -> bool,
) -> Vec<OperationHistory> {
    let mut histories: Vec<OperationHistory> = Vec::new();
    let mut places: HashMap<(Cell, Clock), usize> = HashMap::new();
    let labels = labels(runs, along);
    let at: HashMap<&str, i32> = labels.iter().map(String::as_str).zip(0..).collect();
    for (index, (name, run)) in runs.iter().enumerate() {
        for section in &section::sections(run) {
            let here = match along {
                Along::Runs => i32::try_from(index).unwrap_or(i32::MAX),
                Along::Kernels => at[&*place(runs, name, &section.cell.kernel)],
            };
            let cell = match along {
                Along::Runs => section.cell.clone(),
                Along::Kernels => Cell { kernel: String::new(), ..section.cell.clone() },
            };
            if !section.rows.iter().any(|row| chosen(&row.measurement.cell)) {
                continue;
            }
            let index = *places.entry((cell, section.clock)).or_insert_with_key(|(cell, clock)| {
                let (cell, clock, labels) = (cell.clone(), *clock, labels.clone());
                histories.push(OperationHistory { cell, clock, labels, lines: Vec::new() });
                histories.len() - 1
            });
            histories[index].take(section, here, &chosen);
        }
    }
    histories.retain(|history| history.lines.iter().any(|line| line.monitor != "none"));
    histories
}

/// What the places are called.
fn labels(runs: &[(String, Run)], along: Along) -> Vec<String> {
    let mut labels: Vec<String> = Vec::new();
    for (name, run) in runs {
        match along {
            Along::Runs => labels.push(text::one_line(name)),
            Along::Kernels => {
                for measurement in &run.measurements {
                    let label = place(runs, name, &measurement.cell.kernel);
                    if !labels.contains(&label) {
                        labels.push(label);
                    }
                }
            }
        }
    }
    labels
}

/// A kernel, and of which run where there are several.
fn place(runs: &[(String, Run)], name: &str, kernel: &str) -> String {
    let label = if runs.len() > 1 { format!("{name} {kernel}") } else { kernel.into() };
    text::one_line(&label)
}

impl OperationHistory {
    fn take(&mut self, section: &Section<'_>, at: i32, chosen: impl Fn(&Cell) -> bool) {
        let is_none = |row: &Row<'_>| row.measurement.cell.monitor.is_none();
        for row in section.rows.iter().filter(|row| is_none(row) || chosen(&row.measurement.cell)) {
            let (monitor, added) = (row.monitor(), row.added.map(|added| added.p50));
            let point = HistoryPoint { p50: row.summary.map(|summary| summary.p50), added };
            match self.lines.iter_mut().find(|line| line.monitor == monitor) {
                Some(line) => line.points.push((at, point)),
                None => self.lines.push(MonitorHistory { monitor, points: vec![(at, point)] }),
            }
        }
    }
}

/// The histories as tables for the terminal: what is added, and of `none` the median.
pub fn table(histories: &[OperationHistory]) -> String {
    let mut text = String::new();
    for history in histories {
        let mut rows =
            vec![std::iter::once("monitor".to_string()).chain(history.labels.clone()).collect::<Vec<_>>()];
        rows.extend(history.lines.iter().map(|line| row(line, history.labels.len())));
        let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
        let widths: Vec<usize> = (0..rows[0].len()).map(width).collect();
        text += &format!("{}; of none, its median\n", history.title());
        for row in &rows {
            let numbers = row.iter().zip(&widths).skip(1).map(|(field, width)| format!("  {field:>width$}"));
            let line = format!("{:<width$}{}", row[0], numbers.collect::<String>(), width = widths[0]);
            text += &format!("{}\n", line.trim_end());
        }
        text.push('\n');
    }
    text
}

fn row(line: &MonitorHistory, places: usize) -> Vec<String> {
    let mut row = vec![String::new(); places + 1];
    row[0].clone_from(&line.monitor);
    for (at, point) in &line.points {
        let Some(field) = usize::try_from(*at).ok().and_then(|at| row.get_mut(at + 1)) else { continue };
        *field = match (line.monitor == "none", point) {
            (true, HistoryPoint { p50: Some(p50), .. }) => text::grouped(*p50),
            (false, HistoryPoint { added: Some(added), .. }) => text::signed(*added),
            _ => "-".into(),
        };
    }
    row
}

/// The columns of [`csv()`].
const COLUMNS: [&str; 12] = [
    "kernel",
    "target",
    "boot",
    "workload",
    "params",
    "schedule",
    "clock",
    "unit",
    "monitor",
    "at",
    "p50",
    "added_p50",
];

/// The histories as CSV: a line for each monitor and place.
pub fn csv(histories: &[OperationHistory]) -> String {
    csv::written(
        &COLUMNS,
        histories.iter().flat_map(|history| {
            let points =
                history.lines.iter().flat_map(|line| line.points.iter().map(move |point| (line, point)));
            points.map(|(line, (at, point))| record(history, line, *at, *point))
        }),
    )
}

fn record(history: &OperationHistory, line: &MonitorHistory, at: i32, point: HistoryPoint) -> Vec<String> {
    let cell = &history.cell;
    let label = usize::try_from(at).ok().and_then(|at| history.labels.get(at));
    let number = |number: Option<String>| number.unwrap_or_default();
    vec![
        csv::field(&cell.kernel),
        cell.target.to_string(),
        cell.boot.to_string(),
        csv::field(&cell.workload),
        csv::field(&cell.params.to_string()),
        cell.schedule.to_string(),
        history.clock.name().into(),
        history.clock.unit().into(),
        csv::field(&line.monitor),
        label.map_or_else(String::new, |label| csv::field(label)),
        number(point.p50.map(|p50| p50.to_string())),
        number(point.added.map(|added| added.to_string())),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture::{run_of, synthetic_run};
    use crate::plot;

    fn runs() -> Vec<(String, Run)> {
        let run = |none, kprobe: Option<u64>| {
            let kprobe = kprobe.map(|kprobe| [kprobe]);
            let rows = kprobe.as_ref().map(|samples| ("kprobe+count", &samples[..]));
            run_of(&std::iter::once(("none", &[none][..])).chain(rows).collect::<Vec<_>>())
        };
        let runs = [("may", run(300, Some(310))), ("<june>", run(301, None)), ("july", run(300, Some(345)))];
        runs.map(|(name, run)| (name.to_string(), run)).into()
    }

    #[test]
    fn runs_are_in_the_order_they_are_given_and_what_is_missing_is_a_gap() {
        let histories = histories(&runs(), Along::Runs, |_| true);
        insta::assert_snapshot!("history-table", table(&histories));
        insta::assert_snapshot!("history-csv", csv(&histories));
        let picture = plot::history(&histories[0], plot::WIDE);
        assert!(picture.contains("kprobe+count"));
        insta::assert_snapshot!("history-svg", picture);
    }

    #[test]
    fn kernels_of_one_run_are_a_history_too() {
        let runs = [("one".to_string(), synthetic_run())];
        let chosen = |cell: &Cell| cell.workload == "execve-noop" && cell.monitor.mechanism() == "bpf-lsm";
        let histories = histories(&runs, Along::Kernels, chosen);
        assert_eq!(histories.len(), 1);
        assert_eq!(histories[0].labels, ["6.1", "6.12"]);
        let monitors: Vec<_> =
            histories[0].monitors().map(|line| (line.monitor.clone(), line.points.len())).collect();
        let expected = ["count", "ringbuf", "kill", "perfbuf"].map(|sink| (format!("bpf-lsm+{sink}"), 2));
        assert_eq!(monitors, expected);
    }

    #[test]
    fn hostile_labels_are_text() {
        for hostile in crate::hostile::HOSTILE {
            let mut runs = runs();
            runs[1].0 = (*hostile).into();
            let histories = histories(&runs, Along::Runs, |_| true);
            let svg = plot::history(&histories[0], plot::WIDE);
            roxmltree::Document::parse(&svg).unwrap();
            let all = [table(&histories), csv(&histories), svg].concat();
            assert!(
                !all.contains(|c: char| (c.is_control() && c != '\n') || text::is_unseen(c)),
                "{hostile:?}"
            );
        }
    }
}
