//! `results.csv`: one line per cell in the run's order, for scripts. A field without a
//! number is empty. A column never changes its meaning or its place.

use hookbench_analysis::Summary;
use hookbench_analysis::baseline::Added;
use hookbench_analysis::noisy::Interval;
use hookbench_model::{History, Loading, Measured};
use hookbench_results::Run;

use crate::noise::RowNoise;
use crate::section::{self, Row, Section};
use crate::text;

/// The columns, in order.
pub const COLUMNS: [&str; 46] = [
    "kernel",
    "target",
    "clock",
    "unit",
    "workload",
    "params",
    "monitor",
    "schedule",
    "outcome",
    "reason",
    "n",
    "min",
    "p50",
    "p90",
    "p99",
    "max",
    "mean",
    "added_p50",
    "ratio_p50",
    "seen",
    "lost",
    "attach_cost",
    "memory_bytes",
    "history",
    "boot",
    "tuning",
    "open_cost",
    "load_cost",
    "verify_cost",
    "link_cost",
    "agent_bytes",
    "median_low",
    "median_high",
    "added_low",
    "added_high",
    "verdict",
    "rounds",
    "outliers",
    "direct_p50",
    "direct_share",
    "avoided_p50",
    "indirect_p50",
    "interrupts_p50",
    "over_placebo_p50",
    "over_placebo_low",
    "over_placebo_high",
];

/// The run as CSV with a header.
pub fn render(run: &Run) -> String {
    let sections = section::sections(run);
    // The rows of a section are sorted; the file follows the order of the plan.
    let with = |section| move |row| (section, row);
    let mut rows: Vec<(&Section<'_>, &Row<'_>)> =
        sections.iter().flat_map(|section| section.rows.iter().map(with(section))).collect();
    rows.sort_by_key(|(_, row)| std::ptr::from_ref(row.measurement));
    let whole = |(section, row)| {
        let mut fields = record(row);
        let noise = RowNoise::for_row(section, row);
        fields.extend(noisy(noise));
        fields.extend(attribution(row.measured()));
        fields.push(row.over_placebo.map_or_else(String::new, |over| over.to_string()));
        let over = noise.and_then(|noise| noise.over_placebo);
        fields.extend(ends(over.map(|difference| difference.change)));
        fields
    };
    document(&COLUMNS, rows.into_iter().map(whole))
}

/// `records` as CSV below the names of their `columns`. All have the same length.
pub(crate) fn document(columns: &[&str], records: impl Iterator<Item = Vec<String>>) -> String {
    let mut writer = csv::Writer::from_writer(Vec::new());
    // Writing to memory cannot fail.
    let _ = writer.write_record(columns);
    for record in records {
        let _ = writer.write_record(record);
    }
    String::from_utf8(writer.into_inner().unwrap_or_default()).unwrap_or_default()
}

/// Foreign text as a field. A spreadsheet would evaluate a field that begins like a
/// formula; an apostrophe in front prevents that.
pub(crate) fn field(foreign: &str) -> String {
    let line = text::one_line(foreign);
    let formula = ['=', '+', '-', '@', '＝', '＋', '－', '＠'];
    if line.starts_with(formula) { format!("'{line}") } else { line }
}

fn record(row: &Row<'_>) -> Vec<String> {
    let (cell, clock) = (&row.measurement.cell, row.measurement.clock);
    let reason = field(&row.reason());
    let mut fields = vec![
        field(&cell.kernel),
        cell.target.to_string(),
        clock.name().into(),
        clock.unit().into(),
        field(&cell.workload),
        field(&cell.params.to_string()),
        field(&cell.monitor.to_string()),
        cell.schedule.to_string(),
        row.measurement.outcome.word().into(),
        reason,
    ];
    fields.extend(summary(row.summary));
    fields.extend(added(row.added));
    fields.extend(side_effects(row.measured()));
    fields.push(row.measurement.history.map_or("", History::name).into());
    fields.extend([cell.boot.to_string(), field(&cell.tuning.to_string())]);
    fields.extend(loading(row.measured()));
    fields
}

/// 95 % intervals in the clock's unit, the verdict, rounds and outliers; empty for an
/// exact clock.
fn noisy(noise: Option<RowNoise>) -> [String; 7] {
    let Some(noise) = noise else { return Default::default() };
    let [median_low, median_high] = ends(Some(noise.median));
    let [added_low, added_high] = ends(noise.difference.map(|difference| difference.change));
    [
        median_low,
        median_high,
        added_low,
        added_high,
        noise.verdict().unwrap_or_default().into(),
        noise.rounds.to_string(),
        (noise.outliers.low + noise.outliers.high).to_string(),
    ]
}

/// The two ends of an interval; empty without one.
fn ends(interval: Option<Interval>) -> [String; 2] {
    interval.map_or_else(Default::default, |Interval { low, high, .. }| {
        [low, high].map(|end| format!("{end:.1}"))
    })
}

/// The parts of the difference from `none`; empty without an attribution.
fn attribution(measured: Option<&Measured>) -> [String; 5] {
    let Some(parts) = measured.and_then(|measured| measured.attribution.as_ref()) else {
        return Default::default();
    };
    [
        parts.direct_p50.to_string(),
        text::ratio(parts.direct_share.fraction()),
        parts.avoided_p50.to_string(),
        parts.indirect_p50.to_string(),
        parts.interrupts_p50.to_string(),
    ]
}

fn loading(measured: Option<&Measured>) -> [String; 5] {
    let Some(loading) = measured.and_then(|measured| measured.loading) else { return Default::default() };
    let Loading { open, load, verify, attach, agent_bytes } = loading;
    let [open, load, verify, attach] = [open, load, verify, attach].map(|number| number.to_string());
    [open, load, verify, attach, agent_bytes.to_string()]
}

fn summary(summary: Option<Summary>) -> [String; 7] {
    let Some(summary) = summary else { return Default::default() };
    let Summary { n, min, p50, p90, p99, max, mean } = summary;
    let [n, min, p50, p90, p99, max] = [n as u64, min, p50, p90, p99, max].map(|number| number.to_string());
    [n, min, p50, p90, p99, max, format!("{mean:.1}")]
}

fn added(added: Option<Added>) -> [String; 2] {
    added.map_or_else(Default::default, |added| [added.p50.to_string(), text::ratio(added.ratio)])
}

fn side_effects(measured: Option<&Measured>) -> [String; 4] {
    let events = measured.and_then(|measured| measured.events.as_ref());
    let number = |value: Option<u64>| value.map_or_else(String::new, |value| value.to_string());
    let memory = measured.and_then(|measured| measured.memory_bytes);
    [
        number(events.map(|events| events.seen)),
        number(events.map(|events| events.lost)),
        number(measured.and_then(|measured| measured.attach_cost)),
        memory.map_or_else(String::new, |bytes| bytes.to_string()),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;

    #[test]
    fn each_cell_is_one_line_with_all_columns_in_the_run_s_order() {
        let run = fixture::synthetic_run();
        let text = render(&run);
        let mut reader = csv::Reader::from_reader(text.as_bytes());
        assert_eq!(reader.headers().unwrap().iter().collect::<Vec<_>>(), COLUMNS);
        let records: Vec<csv::StringRecord> = reader.records().collect::<Result<_, _>>().unwrap();
        assert_eq!(records.len(), run.measurements.len());
        assert_eq!(text.lines().count(), run.measurements.len() + 1);
        for (record, measurement) in records.iter().zip(&run.measurements) {
            assert_eq!(record[6], measurement.cell.monitor.to_string());
            assert_eq!(record[8], *measurement.outcome.word());
        }
    }

    #[test]
    fn a_cell_without_numbers_has_empty_fields_and_a_reason() {
        let run = fixture::synthetic_run();
        let text = render(&run);
        let line = text.lines().find(|line| line.contains(",unsupported,")).unwrap();
        assert!(line.ends_with(&format!("{}restored,lean,{}", ",".repeat(14), ",".repeat(20))), "{line}");
    }

    #[test]
    fn the_difference_from_a_placebo_is_at_the_end() {
        let text = render(&fixture::placebo_run());
        let last = |line: &str| line.rsplit(',').take(3).map(String::from).collect::<Vec<_>>();
        let lines: Vec<&str> = text.lines().collect();
        let [high, low, p50] = &last(lines[2])[..] else { panic!("{text}") };
        assert_eq!((p50.as_str(), lines[2].contains(",kprobe+count,")), ("70", true));
        let (low, high): (f64, f64) = (low.parse().unwrap(), high.parse().unwrap());
        assert!(low <= 70.0 && 70.0 <= high, "{low} {high}");
        assert!(lines[5].contains(",kprobe+count,") && lines[5].contains(",placebo=yes,"), "{}", lines[5]);
        assert_eq!(last(lines[5]), ["", "", ""]);
    }

    #[test]
    fn the_parts_of_a_cost_have_columns() {
        let run = fixture::attributed_run(&fixture::synthetic_run());
        let text = render(&run);
        let line = |monitor: &str| {
            let is_it = |line: &&str| line.contains("execve-noop,") && line.contains(monitor);
            text.lines().find(is_it).unwrap().to_string()
        };
        assert!(line(",bpf-lsm+count,").ends_with(",444,0.9800,0,-900,3,,,"), "{}", line("bpf-lsm+count"));
        assert!(
            line(",seccomp+errno,").ends_with(",321,0.9800,60000,-900,3,,,"),
            "{}",
            line("seccomp+errno")
        );
        assert!(line(",none,").ends_with(",,,,,,,,"), "{}", line("none"));
    }
}
