//! What is said beside the numbers of a clock with noise: medians and differences with
//! their intervals, rounds, outliers, and what other clocks say of the same
//! operations. As tables of plain text; how they are shown is the formats' business.

use hookbench_results::agreement::agreement;
use hookbench_results::noisy::{Difference, Interval, Outliers, Rule, Verdict};
use hookbench_results::noisy::{difference, in_rounds, median, outliers};
use hookbench_results::{ClockSamples, Measured, Summary};

use crate::section::{Row, Section};
use crate::text;

/// How sure intervals are: they miss the truth in so many of a hundred cases.
pub const MISSES: f64 = 5.0;

/// What stands above the tables.
pub const ABOUT: &str = "With 95 % confidence intervals from a bootstrap over rounds. Outliers (far out, below \
                         and above) are counted and not left out. A monitor is called dearer or cheaper when \
                         its interval does not hold 0 and it is 1 % or more.";

/// A table: its columns and its rows.
pub struct NoiseTable {
    /// The columns' names.
    pub header: &'static [&'static str],
    /// The fields, plain text.
    pub rows: Vec<Vec<String>>,
}

/// What the noise leaves of a row's numbers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RowNoise {
    /// The median.
    pub median: Interval,
    /// What the monitor adds, over the rounds in which both were measured; none of
    /// `none`, and of less than two rounds.
    pub difference: Option<Difference>,
    /// How many rounds there were.
    pub rounds: usize,
    /// How many samples are far out.
    pub outliers: Outliers,
}

impl RowNoise {
    /// Of `row` in `section`; `None` of an exact clock, and where there are no numbers.
    pub fn for_row(section: &Section<'_>, row: &Row<'_>) -> Option<RowNoise> {
        if section.clock.is_exact() {
            return None;
        }
        let rule = Rule { false_alarms: MISSES / 100.0, paired: true, ..Rule::default() };
        let rounds = |measured: &Measured| in_rounds(&measured.samples, &measured.rounds);
        let measured = row.measured()?;
        let own = rounds(measured);
        let base = section.baseline().filter(|_| !row.measurement.cell.monitor.is_none());
        let base = base.and_then(Row::measured).map(rounds);
        Some(RowNoise {
            median: median(&own, rule.false_alarms, rule.resamples, rule.seed)?,
            difference: base.and_then(|base| difference(&base, &own, &rule)),
            rounds: own.len(),
            outliers: outliers(&measured.samples),
        })
    }

    /// What became of the comparison with `none`.
    pub fn verdict(&self) -> Option<&'static str> {
        self.difference.map(|difference| match difference.verdict {
            Verdict::Regressed => "dearer",
            Verdict::Improved => "cheaper",
            Verdict::Unchanged => "within 1 %",
            Verdict::Inconclusive => "inconclusive",
        })
    }
}

/// Medians and differences with their intervals; `None` of an exact clock.
pub fn intervals(section: &Section<'_>) -> Option<NoiseTable> {
    let rows: Vec<Vec<String>> = section
        .rows
        .iter()
        .filter_map(|row| {
            let noise = RowNoise::for_row(section, row)?;
            let change = noise.difference.map(|difference| difference.change);
            Some(vec![
                row.monitor(),
                bounds(noise.median),
                change.map_or_else(String::new, signed_bounds),
                noise.verdict().unwrap_or_default().into(),
                noise.rounds.to_string(),
                format!("{}/{}", noise.outliers.low, noise.outliers.high),
            ])
        })
        .collect();
    let header = &["monitor", "p50 lies in", "added lies in", "verdict", "rounds", "outliers"];
    (!rows.is_empty()).then_some(NoiseTable { header, rows })
}

/// The other clocks beside the first; `None` where there are none.
pub fn clocks(section: &Section<'_>) -> Option<NoiseTable> {
    let of = |row: &Row<'_>| {
        let (monitor, measured) = (row.monitor(), row.measured());
        let others =
            measured.into_iter().flat_map(|measured| measured.others.iter().map(move |o| (measured, o)));
        others
            .map(|(measured, other)| {
                let mut fields = vec![monitor.clone()];
                fields.extend(clock(section, measured, other));
                fields
            })
            .collect::<Vec<_>>()
    };
    let rows: Vec<Vec<String>> = section.rows.iter().flat_map(of).collect();
    let header =
        &["monitor", "clock", "median", "unit", "to first", "rank corr.", "of nothing", "cost", "missed"];
    (!rows.is_empty()).then_some(NoiseTable { header, rows })
}

fn clock(section: &Section<'_>, measured: &Measured, other: &ClockSamples) -> [String; 8] {
    let caught = |sample: &u64| !other.zero_is_missed || *sample != 0;
    let pairs = measured.samples.iter().copied().zip(other.samples.iter().copied());
    let pairs: Vec<(u64, u64)> = pairs.filter(|(_, sample)| caught(sample)).collect();
    let found = agreement(&pairs);
    let same_unit = other.unit == section.clock.unit();
    let samples: Vec<u64> = pairs.iter().map(|pair| pair.1).collect();
    let missed = (other.samples.len() - samples.len()) as u64 + other.lost;
    [
        text::one_line(format!("{} {}", other.clock.name(), other.what).trim()),
        Summary::of(&samples).map_or_else(String::new, |summary| text::grouped(summary.p50)),
        text::one_line(&other.unit),
        found.filter(|_| same_unit).map_or_else(String::new, |found| text::signed(found.median_difference)),
        found.and_then(|found| found.rank_correlation).map_or_else(String::new, |rank| format!("{rank:.2}")),
        text::grouped(other.calibration),
        other.cost.map_or_else(String::new, text::signed),
        text::grouped(missed),
    ]
}

/// `304,900 to 305,500`
fn bounds(interval: Interval) -> String {
    let Interval { low, high, .. } = interval;
    let shown = |value: f64| text::grouped(value.max(0.0).round() as u64);
    format!("{} to {}", shown(low), shown(high))
}

/// `+38,000 to +40,000`
fn signed_bounds(interval: Interval) -> String {
    let shown = |value: f64| text::signed(value.round() as i64);
    format!("{} to {}", shown(interval.low), shown(interval.high))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{fixture, section};
    use hookbench_results::{Clock, Outcome, Run, Target};

    /// SYNTHETIC: three rounds each, the monitor dearer by some 100, with a spike.
    pub(super) fn run() -> Run {
        let none: Vec<u64> = (0..60).map(|n| 1000 + n % 7).collect();
        let mut monitor: Vec<u64> = (0..60).map(|n| 1100 + n % 5).collect();
        monitor[7] = 9_000;
        let mut run = fixture::run_of(&[("none", &none), ("kprobe+count", &monitor)]);
        for measurement in &mut run.measurements {
            measurement.clock = Clock::Tsc;
            measurement.cell.target = Target::Host;
            let Outcome::Measured(measured) = &mut measurement.outcome else { continue };
            measured.rounds = vec![20; 3];
            let samples = measured.samples.iter().map(|sample| sample - 40).collect();
            let unit = "TSC cycles".into();
            let other =
                ClockSamples { clock: Clock::Ftrace, unit, samples, cost: Some(80), ..Default::default() };
            measured.others = vec![other];
        }
        run
    }

    #[test]
    fn medians_stand_with_their_intervals_and_outliers_are_counted() {
        let run = run();
        let table = intervals(&section::sections(&run)[0]).unwrap();
        let monitor = &table.rows[1];
        assert_eq!(monitor[0], "kprobe+count");
        assert!(monitor[1].starts_with("1,10") && monitor[1].contains(" to 1,10"), "{monitor:?}");
        assert!(monitor[2].starts_with("+9") && monitor[2].contains(" to +"), "{monitor:?}");
        assert_eq!(monitor[3..], ["dearer", "3", "0/1"]);
        assert_eq!(table.rows[0][2..4], ["", ""]);
    }

    #[test]
    fn clocks_stand_side_by_side() {
        let run = run();
        let table = clocks(&section::sections(&run)[0]).unwrap();
        assert_eq!(table.rows[0][1..], ["ftrace", "963", "TSC cycles", "-40", "1.00", "0", "+80", "0"]);
        assert_eq!(table.rows[0].len(), table.header.len());
    }

    #[test]
    fn an_exact_clock_has_no_noise() {
        let run = fixture::run_of(&[("none", &[5, 5]), ("kprobe+count", &[6, 6])]);
        let sections = section::sections(&run);
        assert!(intervals(&sections[0]).is_none() && clocks(&sections[0]).is_none());
    }
}
