//! Several runs, or the kernels of one, in order: what each monitor costs an operation, as a
//! table, as CSV and as lines to draw. The cost is that of the hook where a run knows it, and
//! otherwise what the monitor adds to `none`.
//!
//! A run has no date, because equal runs are equal bytes. The user gives the order.

use std::collections::HashMap;

use hookbench_model::{Cell, Clock};
use hookbench_results::Run;

use crate::columns::{self, Align};
use crate::section::{self, Row, Section};
use crate::{csv, text};

/// The axis of a history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Along {
    /// From run to run: a history for each kernel and operation.
    Runs,
    /// From kernel to kernel: a history for each operation.
    Kernels,
}

/// One operation under its monitors, from one place of the axis to the next.
#[derive(Debug, Clone)]
pub struct OperationHistory {
    /// What its cells have in common; the kernel is empty if it is the axis.
    pub cell: Cell,
    /// The clock of its numbers.
    pub clock: Clock,
    /// The names of the places.
    pub labels: Vec<String>,
    /// One per monitor.
    pub lines: Vec<MonitorHistory>,
}

/// The numbers of one monitor.
#[derive(Debug, Clone)]
pub struct MonitorHistory {
    /// Its name, with the parameters that differ from their defaults.
    pub monitor: String,
    /// Places on the axis, from 0, and the numbers there.
    pub points: Vec<(i32, HistoryPoint)>,
}

/// The numbers of a cell, in the clock's unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HistoryPoint {
    /// The median.
    pub p50: Option<u64>,
    /// The cost added to `none`.
    pub added: Option<i64>,
    /// What the monitor itself costs.
    pub direct: Option<i64>,
}

/// What the costs of a history are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HistoryMeasure {
    /// What the monitors themselves cost.
    Hook,
    /// What the monitors add to `none`.
    Added,
    /// The first where a run knows it, and otherwise the second.
    Both,
}

impl HistoryPoint {
    /// The cost of the hook; what the monitor adds if that is not known.
    pub fn cost(self) -> Option<i64> {
        self.direct.or(self.added)
    }

    /// The cost in words: `444` for a hook, `+345` for an added cost.
    pub fn words(self) -> Option<String> {
        self.direct.map(text::unsigned_if_positive).or_else(|| self.added.map(text::signed))
    }
}

impl OperationHistory {
    /// `execve-noop[env_pages=0], kernel 6.1, paced: instructions (clock: …) of the hook`
    pub fn title(&self) -> String {
        let unit = text::unit_and_clock(self.clock, self.cell.target);
        let what = match self.measure() {
            HistoryMeasure::Hook => "of the hook",
            HistoryMeasure::Added => "added to none",
            HistoryMeasure::Both => "of the hook; added to none where the run does not know the hook",
        };
        format!("{}: {unit} {what}", self.place())
    }

    /// What the costs of the monitors are.
    pub fn measure(&self) -> HistoryMeasure {
        let points =
            || self.monitors().flat_map(|line| &line.points).filter(|(_, point)| point.cost().is_some());
        let hooks = points().filter(|(_, point)| point.direct.is_some()).count();
        match points().count() {
            _ if hooks == 0 => HistoryMeasure::Added,
            all if hooks == all => HistoryMeasure::Hook,
            _ => HistoryMeasure::Both,
        }
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

    /// The lines of all monitors with a cost, without `none`.
    pub fn monitors(&self) -> impl Iterator<Item = &MonitorHistory> {
        let measured = |line: &&MonitorHistory| line.points.iter().any(|(_, point)| point.cost().is_some());
        self.lines.iter().filter(|line| line.monitor != "none").filter(measured)
    }
}

/// The histories of the cells of `runs` for which `selected` is true, in the order of
/// their first cells. Each run comes with its label.
pub fn histories(
    runs: &[(String, Run)],
    along: Along,
    selected: impl Fn(&Cell) -> bool,
) -> Vec<OperationHistory> {
    let mut histories: Vec<OperationHistory> = Vec::new();
    let mut places: HashMap<(Cell, Clock), usize> = HashMap::new();
    let labels = labels(runs, along);
    let place_of: HashMap<&str, i32> = labels.iter().map(String::as_str).zip(0..).collect();
    for (index, (name, run)) in runs.iter().enumerate() {
        for section in &section::sections(run) {
            let place = match along {
                Along::Runs => i32::try_from(index).unwrap_or(i32::MAX),
                Along::Kernels => place_of[&*place_label(runs, name, &section.cell.kernel)],
            };
            let cell = match along {
                Along::Runs => section.cell.clone(),
                Along::Kernels => Cell { kernel: String::new(), ..section.cell.clone() },
            };
            if !section.rows.iter().any(|row| selected(&row.measurement.cell)) {
                continue;
            }
            let index = *places.entry((cell, section.clock)).or_insert_with_key(|(cell, clock)| {
                let (cell, clock, labels) = (cell.clone(), *clock, labels.clone());
                histories.push(OperationHistory { cell, clock, labels, lines: Vec::new() });
                histories.len() - 1
            });
            histories[index].add(section, place, &selected);
        }
    }
    histories.retain(|history| history.lines.iter().any(|line| line.monitor != "none"));
    histories
}

/// The names of the places.
fn labels(runs: &[(String, Run)], along: Along) -> Vec<String> {
    let mut labels: Vec<String> = Vec::new();
    for (name, run) in runs {
        match along {
            Along::Runs => labels.push(text::one_line(name)),
            Along::Kernels => {
                for measurement in &run.measurements {
                    let label = place_label(runs, name, &measurement.cell.kernel);
                    if !labels.contains(&label) {
                        labels.push(label);
                    }
                }
            }
        }
    }
    labels
}

/// The name of a kernel; with the name of its run if there are several.
fn place_label(runs: &[(String, Run)], name: &str, kernel: &str) -> String {
    let label = if runs.len() > 1 { format!("{name} {kernel}") } else { kernel.into() };
    text::one_line(&label)
}

impl OperationHistory {
    fn add(&mut self, section: &Section<'_>, place: i32, selected: impl Fn(&Cell) -> bool) {
        let is_none = |row: &Row<'_>| row.measurement.cell.monitor.is_none();
        for row in section.rows.iter().filter(|row| is_none(row) || selected(&row.measurement.cell)) {
            let (monitor, added) = (row.monitor(), row.added.map(|added| added.p50));
            let direct = row.measured().and_then(|measured| measured.attribution.as_ref());
            let direct = direct.map(|parts| parts.direct_p50);
            let point = HistoryPoint { p50: row.summary.map(|summary| summary.p50), added, direct };
            match self.lines.iter_mut().find(|line| line.monitor == monitor) {
                Some(line) => line.points.push((place, point)),
                None => self.lines.push(MonitorHistory { monitor, points: vec![(place, point)] }),
            }
        }
    }
}

/// The histories as tables for the terminal: the cost of each monitor, and for `none` the median.
pub fn table(histories: &[OperationHistory]) -> String {
    histories.iter().map(one_table).collect()
}

fn one_table(history: &OperationHistory) -> String {
    let mut rows: Vec<Vec<String>> =
        vec![std::iter::once("monitor".to_string()).chain(history.labels.clone()).collect()];
    let mark = if history.measure() == HistoryMeasure::Both { "*" } else { "" };
    rows.extend(history.lines.iter().map(|line| row(line, history.labels.len(), mark)));
    let widths = columns::widths(&rows, history.labels.len() + 1);
    let align = |column| if column == 0 { Align::Left } else { Align::Right };
    let lines = rows.iter().map(|row| columns::line(row, &widths, align).trim_end().to_string() + "\n");
    let marked = if mark.is_empty() { "" } else { " (*)" };
    format!("{}{marked}; median for none\n{}\n", history.title(), lines.collect::<String>())
}

/// The row of a monitor. `mark` follows each cost that is not one of the hook.
fn row(line: &MonitorHistory, places: usize, mark: &str) -> Vec<String> {
    let mut row = vec![String::new(); places + 1];
    row[0].clone_from(&line.monitor);
    for (place, point) in &line.points {
        let Some(field) = usize::try_from(*place).ok().and_then(|place| row.get_mut(place + 1)) else {
            continue;
        };
        let words = match line.monitor == "none" {
            true => point.p50.map(text::grouped),
            false => point.words().map(|words| if point.direct.is_some() { words } else { words + mark }),
        };
        *field = words.unwrap_or_else(|| "-".into());
    }
    row
}

/// The columns of [`csv()`].
const COLUMNS: [&str; 13] = [
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
    "direct_p50",
];

/// The histories as CSV: one line for each monitor and place.
pub fn csv(histories: &[OperationHistory]) -> String {
    csv::document(
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
        number(point.direct.map(|direct| direct.to_string())),
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
    fn runs_keep_the_given_order_and_a_missing_number_is_a_gap() {
        let histories = histories(&runs(), Along::Runs, |_| true);
        insta::assert_snapshot!("history-table", table(&histories));
        insta::assert_snapshot!("history-csv", csv(&histories));
        let picture = plot::history(&histories[0], plot::WIDE).unwrap();
        assert!(picture.contains("kprobe+count"));
        insta::assert_snapshot!("history-svg", picture);
    }

    #[test]
    fn a_hook_is_the_cost_and_runs_without_one_are_marked() {
        let old = crate::fixture::synthetic_run();
        let new = crate::fixture::attributed_run(&old);
        let selected = |cell: &Cell| cell.kernel == "6.1" && cell.workload == "unshare-burst";
        let of = |runs: &[(&str, &Run)]| {
            let runs: Vec<_> = runs.iter().map(|(name, run)| (name.to_string(), (*run).clone())).collect();
            histories(&runs, Along::Runs, selected)
        };
        let both = of(&[("old", &old), ("new", &new)]);
        assert_eq!(both[0].measure(), HistoryMeasure::Both);
        insta::assert_snapshot!("history-hooks-table", table(&both));
        insta::assert_snapshot!("history-hooks-csv", csv(&both));
        insta::assert_snapshot!("history-hooks-svg", plot::history(&both[0], plot::WIDE).unwrap());
        let hooks = of(&[("new", &new), ("again", &new)]);
        assert_eq!(hooks[0].measure(), HistoryMeasure::Hook);
        assert!(hooks[0].title().ends_with("of the hook") && !table(&hooks).contains('*'));
        assert_eq!(of(&[("old", &old)])[0].measure(), HistoryMeasure::Added);
    }

    #[test]
    fn the_kernels_of_one_run_are_a_history_too() {
        let runs = [("one".to_string(), synthetic_run())];
        let selected = |cell: &Cell| cell.workload == "execve-noop" && cell.monitor.mechanism() == "bpf-lsm";
        let histories = histories(&runs, Along::Kernels, selected);
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
            let svg = plot::history(&histories[0], plot::WIDE).unwrap();
            roxmltree::Document::parse(&svg).unwrap();
            let all = [table(&histories), csv(&histories), svg].concat();
            assert!(
                !all.contains(|c: char| (c.is_control() && c != '\n') || text::is_unseen(c)),
                "{hostile:?}"
            );
        }
    }
}
