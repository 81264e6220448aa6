//! The run as sections: cells that can be compared with each other, with their
//! statistics, sorted by what each monitor costs. All formats share this model.

use std::collections::HashMap;

use hookbench_analysis::Summary;
use hookbench_analysis::baseline::Added;
use hookbench_model::param::{PLACEBO, is_placebo};
use hookbench_model::{Caveat, Cell, Clock, Measured, Measurement};
use hookbench_results::Run;

use crate::cost::Cost;
use crate::text;

/// The cells of a run that differ only in their monitor.
#[derive(Debug, Clone)]
pub struct Section<'a> {
    /// The cell under `none`, measured or not: what the cells have in common.
    pub cell: Cell,
    /// The clock of their numbers.
    pub clock: Clock,
    /// The cells: `none` first, then by cost, then those without a number.
    pub rows: Vec<Row<'a>>,
}

/// One cell in its section.
#[derive(Debug, Clone)]
pub struct Row<'a> {
    /// The cell and its outcome.
    pub measurement: &'a Measurement,
    /// Its statistics, in the clock's unit.
    pub summary: Option<Summary>,
    /// The difference from the section's `none`, in the clock's unit.
    pub added: Option<Added>,
    /// What the monitor costs; `None` for `none` and for a placebo, which watches nothing.
    pub cost: Option<Cost>,
    /// The difference of the medians of the monitor and of its placebo, in the clock's unit.
    pub over_placebo: Option<i64>,
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
        let summary = measurement.measured().and_then(|measured| Summary::from_samples(&measured.samples));
        sections[place].rows.push(Row { measurement, summary, added: None, cost: None, over_placebo: None });
    }
    for section in &mut sections {
        section.compare();
    }
    if sections.iter().any(Section::is_divided) {
        let rows = sections.iter_mut().flat_map(|section| &mut section.rows);
        rows.for_each(|row| row.cost = row.cost.map(Cost::among_hooks));
    }
    sections
}

/// `sections` grouped by `name`, in the order of the first section of each group.
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

    /// The shell command that measures one of its cells again, with `MONITOR` in place of
    /// the monitor's name.
    pub fn command(&self) -> String {
        let cell = text::one_line(&self.cell.to_string());
        let cell = cell.strip_suffix("none").unwrap_or(&cell).replace('\'', "'\\''");
        format!("hookbench run --cell '{cell}MONITOR'")
    }

    /// The section without tuned monitors; `None` if it has none.
    pub fn untuned(&self) -> Option<Section<'a>> {
        let is_untuned = |row: &&Row<'a>| row.measurement.cell.tuning.is_empty();
        let rows: Vec<Row<'a>> = self.rows.iter().filter(is_untuned).cloned().collect();
        let fewer = rows.len() < self.rows.len();
        fewer.then(|| Section { cell: self.cell.clone(), clock: self.clock, rows })
    }

    /// The kernel's name, with the boot parameters that differ from the default.
    pub fn kernel(&self) -> String {
        text::one_line(&self.cell.booted_kernel())
    }

    /// `kernel 6.1, paced`
    pub fn place(&self) -> String {
        format!("kernel {}, {}", self.kernel(), self.cell.schedule)
    }

    /// The row of `none`, if it has numbers.
    pub fn baseline(&self) -> Option<&Row<'a>> {
        self.rows.iter().find(|row| row.measurement.cell.monitor.is_none() && row.summary.is_some())
    }

    /// The row of the monitor of `row` as a placebo, if both have numbers that can be compared. A refused
    /// operation ends early, so nothing follows about the hook.
    pub fn placebo_of(&self, row: &Row<'_>) -> Option<&Row<'a>> {
        let measured =
            row.measured().filter(|measured| measured.refused.is_none() && !measured.is_unproven());
        measured.filter(|_| !row.is_placebo())?;
        let mut placebo = row.measurement.cell.clone();
        placebo.tuning.set(PLACEBO.name, "yes");
        self.rows.iter().find(|other| other.summary.is_some() && other.measurement.cell == placebo)
    }

    /// Whether a monitor of the section has a placebo.
    pub fn has_placebo(&self) -> bool {
        self.rows.iter().any(|row| row.over_placebo.is_some())
    }

    /// The rows of monitors, without `none` and placebos, that have a cost.
    pub fn costs(&self) -> impl Iterator<Item = (&Row<'a>, Cost)> {
        self.rows.iter().filter_map(|row| Some((row, row.cost?)))
    }

    /// Whether a cost of the section is divided into hook and side effects.
    pub fn is_divided(&self) -> bool {
        self.costs().any(|(_, cost)| cost.hook().is_some())
    }

    /// Whether operations under a monitor leave something out, as refused ones do.
    pub fn leaves_out(&self) -> bool {
        self.costs().any(|(_, cost)| cost.hook().is_some_and(|hook| hook.left_out != 0))
    }

    /// The notes on rows: monitor and note.
    pub fn notes(&self) -> Vec<(String, &'a str)> {
        let noted = self.rows.iter().filter_map(|row| Some((row.monitor(), row.measured()?)));
        noted
            .flat_map(|(monitor, measured)| {
                let caveats = measured.caveats.iter().map(Caveat::reason);
                let notes = caveats.chain(measured.notes.iter().map(String::as_str));
                notes.map(move |note| (monitor.clone(), note))
            })
            .collect()
    }

    fn compare(&mut self) {
        let base = self.baseline().and_then(|row| row.summary).map(|summary| summary.p50);
        for row in &mut self.rows {
            // No clock counts up to i64::MAX, but the file of a run may contain such a
            // number, and the difference of two would overflow.
            let countable = |p50: Option<u64>| p50.filter(|p50| i64::try_from(*p50).is_ok());
            // Nothing follows from the number of a monitor that may have slept.
            let proven = row.measured().is_some_and(|measured| !measured.is_unproven());
            let own = countable(row.summary.filter(|_| proven).map(|summary| summary.p50));
            row.added = own.zip(countable(base)).map(|(own, base)| Added::new(own, base));
            if proven && !row.measurement.cell.monitor.is_none() && !row.is_placebo() {
                let attribution = row.measured().and_then(|measured| measured.attribution.as_ref());
                row.cost = Cost::new(attribution, row.added, countable(base));
            }
        }
        let p50 = |row: &Row<'_>| row.summary.map(|summary| summary.p50);
        let over = |row: &Row<'a>| {
            let placebo = self.placebo_of(row).and_then(p50);
            p50(row).zip(placebo).map(|(own, placebo)| Added::new(own, placebo).p50)
        };
        let over: Vec<Option<i64>> = self.rows.iter().map(over).collect();
        self.rows.iter_mut().zip(over).for_each(|(row, over)| row.over_placebo = over);
        self.rows.sort_by_key(Row::rank);
    }
}

impl<'a> Row<'a> {
    /// The numbers of the cell, if it was measured.
    pub fn measured(&self) -> Option<&'a Measured> {
        self.measurement.measured()
    }

    /// Whether the monitor was detached again before the operations.
    pub fn is_placebo(&self) -> bool {
        is_placebo(&self.measurement.cell.tuning)
    }

    /// The monitor's name, with the parameters that differ from their defaults.
    pub fn monitor(&self) -> String {
        text::one_line(&self.measurement.cell.tuned_monitor())
    }

    /// `measured`, `measured in part`, `refused EPERM`, `failed`, `unsupported` or `skipped`.
    pub fn outcome(&self) -> String {
        let word = self.measurement.outcome.word();
        match self.measured().map(text::refused) {
            // `refused EPERM in part`
            Some(refused) if !refused.is_empty() => word.replacen("measured", &refused, 1),
            _ => word.into(),
        }
    }

    /// Whether the number is that of a part of the monitor only, or of one that may have slept.
    pub fn has_caveats(&self) -> bool {
        self.measured().is_some_and(|measured| !measured.caveats.is_empty())
    }

    /// How the monitor stopped the operations, and why the cell has no number or not a plain one;
    /// empty for a plain number.
    pub fn reason(&self) -> String {
        let refused = self.measured().map(text::refused).unwrap_or_default();
        let both = [refused, self.measurement.outcome.reason()];
        both.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("; ")
    }

    /// `2,000/0`: events seen and lost; `7 of 30/0` for a sampling monitor; empty when
    /// the monitor watched nothing.
    pub fn seen_lost(&self) -> String {
        let events = self.measured().and_then(|measured| measured.events.as_ref());
        events.map_or_else(String::new, |events| {
            let of = events.looks.map(|_| format!(" of {}", text::grouped(events.expected)));
            let of = of.unwrap_or_default();
            format!("{}{of}/{}", text::grouped(events.seen), text::grouped(events.lost))
        })
    }

    /// Whether every operation was performed, seen and reported. Only the costs of such
    /// rows say what complete monitoring costs.
    pub fn saw_everything(&self) -> bool {
        self.measured().is_some_and(|measured| {
            let events = measured.events.as_ref();
            measured.refused.is_none()
                && measured.caveats.is_empty()
                && events.is_some_and(|events| events.seen > 0 && events.lost == 0 && events.looks.is_none())
        })
    }

    /// `none` first, then by cost, then by p50, then the rest as planned.
    fn rank(&self) -> (u8, i64, u64) {
        let p50 = self.summary.map_or(0, |summary| summary.p50);
        match self.cost {
            _ if self.measurement.cell.monitor.is_none() => (0, 0, p50),
            Some(cost) => (1, cost.number(), p50),
            None if self.summary.is_some() => (2, 0, p50),
            None => (3, 0, 0),
        }
    }
}

/// The cells of `run` whose numbers are not simply those of their monitors, because of a caveat.
pub fn with_caveats(run: &Run) -> Vec<&Measurement> {
    let has = |measurement: &&Measurement| measurement.measured().is_some_and(|m| !m.caveats.is_empty());
    run.measurements.iter().filter(has).collect()
}

/// The cells of `run` that have no number.
pub fn without_numbers(run: &Run) -> Vec<&Measurement> {
    run.measurements.iter().filter(|measurement| measurement.measured().is_none()).collect()
}

#[cfg(test)]
mod tests {
    use hookbench_model::Outcome;

    use super::*;
    use crate::{export, fixture};

    #[test]
    fn rows_are_sorted_by_cost_with_none_first() {
        for run in [fixture::synthetic_run(), fixture::divided_run()] {
            let sections = sections(&run);
            let monitors: Vec<String> = sections[0].rows.iter().map(Row::monitor).collect();
            assert_eq!(monitors[0], "none");
            let costs: Vec<i64> = sections[0].costs().map(|(_, cost)| cost.number()).collect();
            assert!(costs.is_sorted() && costs.len() > 3, "{costs:?}");
            assert!(sections[0].rows.last().is_some_and(|row| row.summary.is_none()));
        }
    }

    #[test]
    fn a_hook_needs_no_baseline_and_an_unproven_monitor_has_none() {
        let mut run = fixture::divided_run();
        run.measurements.retain(|measurement| !measurement.cell.monitor.is_none());
        assert!(sections(&run)[0].is_divided());
        for measurement in &mut run.measurements {
            let Outcome::Measured(measured) = &mut measurement.outcome else { continue };
            measured.caveats.push(Caveat::Unproven("it may have slept".into()));
        }
        assert!(sections(&run).iter().all(|section| section.costs().next().is_none()));
    }

    #[test]
    fn a_number_with_a_caveat_is_not_a_plain_one() {
        let mut run = fixture::run_of(&[("none", &[7]), ("kprobe+count", &[9]), ("cmd:a", &[8])]);
        let caveats =
            [Caveat::Partial("half of it".into()), Caveat::Unproven("nothing shows that a worked".into())];
        for (measurement, caveat) in run.measurements.iter_mut().skip(1).zip(caveats) {
            let Outcome::Measured(measured) = &mut measurement.outcome else { panic!() };
            measured.notes.push("a note".into());
            measured.caveats.push(caveat);
        }
        let sections = sections(&run);
        let section = &sections[0];
        assert_eq!(section.costs().map(|(row, _)| row.monitor()).collect::<Vec<_>>(), ["kprobe+count"]);
        let said: Vec<_> = section.rows.iter().map(|row| (row.outcome(), row.reason())).collect();
        let owned = |outcome: &str, reason: &str| (outcome.to_string(), reason.to_string());
        assert_eq!(
            said,
            [
                owned("measured", ""),
                owned("measured in part", "half of it"),
                owned("measured unproven", "nothing shows that a worked")
            ]
        );
        assert_eq!(
            section.notes()[..2].iter().map(|(_, note)| *note).collect::<Vec<_>>(),
            ["half of it", "a note"]
        );
        assert!(section.rows.iter().all(|row| !row.saw_everything()));
        assert_eq!(with_caveats(&run).len(), 2);
        let table = crate::terminal::table(&run);
        assert!(table.contains("whole monitor:") && table.contains("nothing shows that a worked"), "{table}");
        for renderer in crate::RENDERERS {
            let Some(text) = (renderer.render)(&run, &crate::Explanations::new()).unwrap() else { continue };
            let shown: &[&str] = match renderer.file {
                "picture.svg" => &["+2, in part", "measured unproven"],
                _ => &["half of it", "nothing shows that a worked"],
            };
            assert!(shown.iter().all(|shown| text.contains(shown)), "{}: {text}", renderer.file);
        }
        let xml = (export::EXPORTS.iter().find(|format| format.name == "junit").unwrap().render)(&run);
        assert!(xml.contains("type=\"measured unproven\""), "{xml}");
    }

    #[test]
    fn a_placebo_has_no_cost_and_its_monitor_an_estimate_of_the_hook() {
        let run = fixture::placebo_run();
        let section = &sections(&run)[0];
        let costs: Vec<String> = section.costs().map(|(row, _)| row.monitor()).collect();
        assert_eq!(costs, ["bpf-lsm+deny", "fentry+count", "kprobe+count"]);
        let over = |name: &str| {
            let row = section.rows.iter().find(|row| row.monitor() == name).unwrap();
            (row.added.map(|added| added.p50), row.over_placebo)
        };
        assert_eq!(over("kprobe+count"), (Some(100), Some(70)));
        assert_eq!(over("kprobe+count[placebo=yes]"), (Some(30), None));
        assert_eq!(over("fentry+count"), (Some(50), None));
        // A refused operation ends early.
        assert_eq!(over("bpf-lsm+deny"), (Some(-400), None));
        assert_eq!(section.rows.last().map(Row::monitor).unwrap(), "kprobe+count[placebo=yes]");
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
    fn a_number_beyond_any_clock_gives_no_cost_and_no_panic() {
        let run = fixture::run_of(&[("none", &[u64::MAX]), ("kprobe+count", &[1 << 63])]);
        assert_eq!(sections(&run)[0].costs().count(), 0);
    }
}
