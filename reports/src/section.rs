//! The run as sections: the cells that may be compared with each other, with
//! their summaries and what each monitor adds, sorted by it. What all formats
//! share; how it is shown is theirs.

use std::collections::HashMap;

use hookbench_results::baseline::Added;
use hookbench_results::{Cell, Clock, Measured, Measurement, Run, Summary};

use crate::{default_kernel, text};

/// The cells of a run that differ in nothing but their monitor.
#[derive(Debug, Clone)]
pub struct Section<'a> {
    /// What they have in common: the cell under `none`, measured or not.
    pub cell: Cell,
    /// What their numbers count.
    pub clock: Clock,
    /// `none` first, then by added cost, then those without a number.
    pub rows: Vec<Row<'a>>,
}

/// One cell in its section.
#[derive(Debug, Clone)]
pub struct Row<'a> {
    /// The cell and how it ended.
    pub measurement: &'a Measurement,
    /// Its statistics, in the clock's unit.
    pub summary: Option<Summary>,
    /// What it adds to the section's `none`, in the clock's unit.
    pub added: Option<Added>,
}

/// The sections of `run`, in the order of their first cells.
pub fn sections(run: &Run) -> Vec<Section<'_>> {
    let mut sections: Vec<Section<'_>> = Vec::new();
    let mut places: HashMap<(Cell, Clock), usize> = HashMap::new();
    for measurement in &run.measurements {
        let key = (measurement.cell.baseline(), measurement.clock);
        let place = *places.entry(key).or_insert_with_key(|(cell, clock)| {
            sections.push(Section { cell: cell.clone(), clock: *clock, rows: Vec::new() });
            sections.len() - 1
        });
        let summary = measurement.measured().and_then(|measured| Summary::of(&measured.samples));
        sections[place].rows.push(Row { measurement, summary, added: None });
    }
    for section in &mut sections {
        section.compare();
    }
    sections
}

/// More sections than a page can show in full; what all have in common is then in
/// the matrices, and every number in `results.csv`.
const MOST: usize = 60;

/// Whether a report can show all of them in full.
pub fn few(sections: &[Section<'_>]) -> bool {
    sections.len() <= MOST
}

/// The sections that a report shows in full: all, or those of the [`default_kernel`] kernel
/// where there are too many.
pub fn in_full<'s, 'a>(sections: &'s [Section<'a>]) -> Vec<&'s Section<'a>> {
    let chosen = default_kernel::default_kernel(sections);
    let all = few(sections);
    sections.iter().filter(|section| all || Some(section.cell.kernel.as_str()) == chosen).collect()
}

/// What to say where [`in_full`] leaves sections out; empty where it shows all.
pub fn left_out(sections: &[Section<'_>]) -> String {
    let left = sections.len() - in_full(sections).len();
    match default_kernel::default_kernel(sections) {
        Some(kernel) if left > 0 => format!(
            "Shown in full are the operations on kernel {}, {}. The {left} other tables would make this \
             file too long: what they hold of all kernels is above, they are in report.html, and every \
             number is in results.csv.",
            text::one_line(kernel),
            default_kernel::REASON,
        ),
        _ => String::new(),
    }
}

/// `sections` with those of the same `name` brought together, in the order of
/// their first.
pub fn gathered<'s, 'a: 's, K: PartialEq>(
    sections: impl IntoIterator<Item = &'s Section<'a>>,
    name: impl Fn(&'s Section<'a>) -> K,
) -> Vec<(K, Vec<&'s Section<'a>>)> {
    let mut groups: Vec<(K, Vec<&Section<'_>>)> = Vec::new();
    for section in sections {
        let name = name(section);
        match groups.iter_mut().find(|(other, _)| *other == name) {
            Some((_, group)) => group.push(section),
            None => groups.push((name, vec![section])),
        }
    }
    groups
}

impl<'a> Section<'a> {
    /// `execve-noop[env_pages=0 ld_preload=ignored]`
    pub fn operation(&self) -> String {
        let workload = text::one_line(&self.cell.workload);
        if self.cell.params.is_empty() {
            return workload;
        }
        format!("{workload}[{}]", text::one_line(&self.cell.params.to_string()))
    }

    /// The shell's words that measure one of its cells again; `MONITOR` stands for the
    /// name in the cell's row.
    pub fn again(&self) -> String {
        let cell = text::one_line(&self.cell.to_string());
        let cell = cell.strip_suffix("none").unwrap_or(&cell).replace('\'', "'\\''");
        format!("hookbench run --cell '{cell}MONITOR'")
    }

    /// The same with monitors as they usually are alone; none where all are.
    pub fn untuned(&self) -> Option<Section<'a>> {
        let usual = |row: &&Row<'a>| row.measurement.cell.tuning.is_empty();
        let rows: Vec<Row<'a>> = self.rows.iter().filter(usual).cloned().collect();
        let fewer = rows.len() < self.rows.len();
        fewer.then(|| Section { cell: self.cell.clone(), clock: self.clock, rows })
    }

    /// The kernel's name, and how it is booted where that is not as usual.
    pub fn kernel(&self) -> String {
        text::one_line(&self.cell.booted_kernel())
    }

    /// `kernel 6.1, paced`
    pub fn place(&self) -> String {
        format!("kernel {}, {}", self.kernel(), self.cell.schedule)
    }

    /// The row of `none`, when it has numbers.
    pub fn baseline(&self) -> Option<&Row<'a>> {
        self.rows.iter().find(|row| row.measurement.cell.monitor.is_none() && row.summary.is_some())
    }

    /// The rows that have a number for what a monitor adds, `none` left out.
    pub fn costs(&self) -> impl Iterator<Item = (&Row<'a>, Added)> {
        let monitors = self.rows.iter().filter(|row| !row.measurement.cell.monitor.is_none());
        monitors.filter_map(|row| Some((row, row.added?)))
    }

    /// What a reader of the rows has to know: monitor and note.
    pub fn notes(&self) -> Vec<(String, &'a str)> {
        let noted = self.rows.iter().filter_map(|row| Some((row.monitor(), row.measured()?)));
        noted
            .flat_map(|(monitor, measured)| {
                measured.notes.iter().map(move |note| (monitor.clone(), note.as_str()))
            })
            .collect()
    }

    fn compare(&mut self) {
        let base = self.baseline().and_then(|row| row.summary).map(|summary| summary.p50);
        for row in &mut self.rows {
            // No clock counts as far as i64::MAX, but a run's file may say so,
            // and a difference of such numbers has no sign.
            let countable = |p50: Option<u64>| p50.filter(|p50| i64::try_from(*p50).is_ok());
            let own = countable(row.summary.map(|summary| summary.p50));
            row.added = own.zip(countable(base)).map(|(own, base)| Added::between(own, base));
        }
        self.rows.sort_by_key(Row::rank);
    }
}

impl<'a> Row<'a> {
    /// The numbers, where there are any.
    pub fn measured(&self) -> Option<&'a Measured> {
        self.measurement.measured()
    }

    /// The monitor's name, with the parameters that are not as usual.
    pub fn monitor(&self) -> String {
        text::one_line(&self.measurement.cell.tuned_monitor())
    }

    /// `measured`, `refused EPERM`, `failed`, `unsupported` or `skipped`.
    pub fn outcome(&self) -> String {
        match self.measured().map(text::refused) {
            Some(refused) if !refused.is_empty() => refused,
            _ => self.measurement.outcome.word().into(),
        }
    }

    /// `2,000/0`: events seen and lost; `7 of 30/0` from who only looks now and then;
    /// empty when nothing was watched.
    pub fn seen_lost(&self) -> String {
        let events = self.measured().and_then(|measured| measured.events.as_ref());
        events.map_or_else(String::new, |events| {
            let of = events.looks.map(|_| format!(" of {}", text::grouped(events.expected)));
            let of = of.unwrap_or_default();
            format!("{}{of}/{}", text::grouped(events.seen), text::grouped(events.lost))
        })
    }

    /// Whether every operation was made, seen and reported: the rows whose
    /// costs answer what watching costs.
    pub fn saw_everything(&self) -> bool {
        self.measured().is_some_and(|measured| {
            let events = measured.events.as_ref();
            measured.refused.is_none()
                && events.is_some_and(|events| events.seen > 0 && events.lost == 0 && events.looks.is_none())
        })
    }

    /// `none` first, then by added cost, then by p50, then the rest as planned.
    fn rank(&self) -> (u8, i64, u64) {
        let p50 = self.summary.map_or(0, |summary| summary.p50);
        match self.added {
            _ if self.measurement.cell.monitor.is_none() => (0, 0, p50),
            Some(added) => (1, added.p50, p50),
            None if self.summary.is_some() => (2, 0, p50),
            None => (3, 0, 0),
        }
    }
}

/// What an empty timed section costs on one kernel, over all its cells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Calibration {
    /// The kernel's name.
    pub kernel: String,
    /// What counted.
    pub clock: Clock,
    /// The least, in the clock's unit.
    pub min: u64,
    /// The most, in the clock's unit.
    pub max: u64,
}

impl Calibration {
    /// `5 instructions`, or `5 to 7 instructions` when cells differ.
    pub fn cost(&self) -> String {
        let (min, max, unit) = (text::grouped(self.min), text::grouped(self.max), self.clock.unit());
        if min == max { format!("{min} {unit}") } else { format!("{min} to {max} {unit}") }
    }
}

/// The calibration of each kernel and clock, in the order of the run.
pub fn calibrations(run: &Run) -> Vec<Calibration> {
    let mut all: Vec<Calibration> = Vec::new();
    for measurement in &run.measurements {
        let Some(cost) = measurement.measured().map(|measured| measured.calibration) else { continue };
        let (kernel, clock) = (text::one_line(&measurement.cell.booted_kernel()), measurement.clock);
        match all.iter_mut().find(|known| known.kernel == kernel && known.clock == clock) {
            Some(known) => (known.min, known.max) = (known.min.min(cost), known.max.max(cost)),
            None => all.push(Calibration { kernel, clock, min: cost, max: cost }),
        }
    }
    all
}

/// What the calibration means, wherever it is printed.
pub const CALIBRATION_MEANING: &str =
    "an empty timed section; it is part of every p50 and cancels out in what a monitor adds";

/// The cells of `run` that have no number.
pub fn without_numbers(run: &Run) -> Vec<&Measurement> {
    run.measurements.iter().filter(|measurement| measurement.measured().is_none()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;

    #[test]
    fn rows_are_sorted_by_what_they_add_with_none_first() {
        let run = fixture::synthetic_run();
        let sections = sections(&run);
        let monitors: Vec<String> = sections[0].rows.iter().map(Row::monitor).collect();
        assert_eq!(monitors[0], "none");
        let added: Vec<i64> = sections[0].costs().map(|(_, added)| added.p50).collect();
        assert!(added.is_sorted() && added.len() > 3, "{added:?}");
        assert!(sections[0].rows.last().is_some_and(|row| row.summary.is_none()));
    }

    #[test]
    fn sections_are_gathered_by_name() {
        let run = fixture::synthetic_run();
        let sections = sections(&run);
        let workloads = gathered(&sections, |section| section.cell.workload.as_str());
        assert_eq!(workloads.iter().map(|(_, group)| group.len()).sum::<usize>(), sections.len());
        assert!(workloads.len() < sections.len());
    }

    #[test]
    fn a_number_beyond_any_clock_adds_nothing_and_does_not_panic() {
        let run = fixture::run_of(&[("none", &[u64::MAX]), ("kprobe+count", &[1 << 63])]);
        assert_eq!(sections(&run)[0].costs().count(), 0);
    }

    #[test]
    fn a_calibration_that_differs_is_a_range() {
        let cost = Calibration { kernel: "6.1".into(), clock: Clock::Instructions, min: 5, max: 7 }.cost();
        assert_eq!(cost, "5 to 7 instructions");
    }
}
