//! The extra tables of a clock with noise: medians and differences with their intervals,
//! rounds and outliers, and the other clocks of the same operations. Here they are plain
//! text; formats render them.

use hookbench_analysis::Summary;
use hookbench_analysis::agreement::agreement;
use hookbench_analysis::noisy::{ChangeVerdict, Interval, NoiseRule, NoisyDifference, Outliers};
use hookbench_analysis::noisy::{difference, median_interval, outliers, split_into_rounds};
use hookbench_model::{ClockSamples, Measured};

use crate::section::{Row, Section};
use crate::text;

/// The share of intervals that miss the true value, in percent.
pub const MISSES: f64 = 5.0;

/// The meaning of the intervals and verdicts, for readers.
pub const MEANING: &str = "The intervals are 95 % confidence intervals from a bootstrap over rounds. Outliers (far \
                           below/far above) are counted and kept. A monitor is dearer or cheaper when its \
                           interval excludes 0 and the change is at least 1 %.";

/// The meaning of the columns of the other clocks, for readers.
pub const CLOCKS_MEANING: &str = "Other clocks of the same operations. `to first` is the median of the \
                                  differences, operation by operation. `empty` is the clock's reading for an \
                                  empty section or a system call that does nothing. `cost` is what the clock \
                                  adds to such a call while it is on, in TSC cycles.";

/// A table of plain text.
pub struct NoiseTable {
    /// The columns' names.
    pub header: &'static [&'static str],
    /// The fields, plain text.
    pub rows: Vec<Vec<String>>,
}

/// The numbers of a row with their uncertainty.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RowNoise {
    /// The median.
    pub median: Interval,
    /// The added cost, over the rounds in which both were measured; `None` for `none`, and
    /// with fewer than two rounds.
    pub difference: Option<NoisyDifference>,
    /// How much more the monitor costs than its placebo, over the same rounds; `None` without a placebo.
    pub over_placebo: Option<NoisyDifference>,
    /// The number of rounds.
    pub rounds: usize,
    /// The number of samples far below and far above the others.
    pub outliers: Outliers,
}

impl RowNoise {
    /// The noise of `row` in `section`; `None` for an exact clock, and without numbers.
    pub fn for_row(section: &Section<'_>, row: &Row<'_>) -> Option<RowNoise> {
        if section.clock.is_exact() {
            return None;
        }
        let rule = NoiseRule { false_alarms: MISSES / 100.0, paired: true, ..NoiseRule::default() };
        let rounds = |measured: &Measured| split_into_rounds(&measured.samples, &measured.rounds);
        let measured = row.measured()?;
        let own = rounds(measured);
        let base = section.baseline().filter(|_| !row.measurement.cell.monitor.is_none());
        let base = base.and_then(Row::measured).map(rounds);
        let placebo = section.placebo_of(row).and_then(Row::measured).map(rounds);
        Some(RowNoise {
            median: median_interval(&own, rule.false_alarms, rule.resamples, rule.seed)?,
            difference: base.and_then(|base| difference(&base, &own, &rule)),
            over_placebo: placebo.and_then(|placebo| difference(&placebo, &own, &rule)),
            rounds: own.len(),
            outliers: outliers(&measured.samples),
        })
    }

    /// The result of the comparison with `none`.
    pub fn verdict(&self) -> Option<&'static str> {
        self.difference.map(|difference| match difference.verdict {
            ChangeVerdict::Regressed => "dearer",
            ChangeVerdict::Improved => "cheaper",
            ChangeVerdict::Unchanged => "within 1 %",
            ChangeVerdict::Inconclusive => "inconclusive",
        })
    }
}

/// Medians and differences with their intervals; `None` for an exact clock.
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
    let header = &["monitor", "p50 interval", "added interval", "verdict", "rounds", "outliers"];
    (!rows.is_empty()).then_some(NoiseTable { header, rows })
}

/// What monitors cost more than their placebos, with intervals; `None` without placebos, and for an exact clock.
pub fn placebos(section: &Section<'_>) -> Option<NoiseTable> {
    let fields = |row: &Row<'_>| {
        let over = row.over_placebo?;
        let change = RowNoise::for_row(section, row)?.over_placebo?.change;
        Some(vec![row.monitor(), text::signed(over), signed_bounds(change)])
    };
    let rows: Vec<Vec<String>> = section.rows.iter().filter_map(fields).collect();
    let header = &["monitor", "over placebo", "over placebo interval"];
    (!rows.is_empty()).then_some(NoiseTable { header, rows })
}

/// The other clocks, compared with the first; `None` if there are none.
pub fn clocks(section: &Section<'_>) -> Option<NoiseTable> {
    let fields = |row: &Row<'_>| {
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
    let rows: Vec<Vec<String>> = section.rows.iter().flat_map(fields).collect();
    let header = &["monitor", "clock", "median", "unit", "to first", "rank corr.", "empty", "cost", "missed"];
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
        Summary::from_samples(&samples).map_or_else(String::new, |summary| text::grouped(summary.p50)),
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
    use hookbench_model::{Clock, Outcome, Target};
    use hookbench_results::Run;

    /// SYNTHETIC: three rounds each; the monitor costs about 100 more, with a spike.
    fn noisy_run() -> Run {
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
    fn medians_have_intervals_and_outliers_are_counted() {
        let run = noisy_run();
        let table = intervals(&section::sections(&run)[0]).unwrap();
        let monitor = &table.rows[1];
        assert_eq!(monitor[0], "kprobe+count");
        assert!(monitor[1].starts_with("1,10") && monitor[1].contains(" to 1,10"), "{monitor:?}");
        assert!(monitor[2].starts_with("+9") && monitor[2].contains(" to +"), "{monitor:?}");
        assert_eq!(monitor[3..], ["dearer", "3", "0/1"]);
        assert_eq!(table.rows[0][2..4], ["", ""]);
    }

    #[test]
    fn the_difference_from_a_placebo_has_an_interval() {
        let run = fixture::placebo_run();
        let table = placebos(&section::sections(&run)[0]).unwrap();
        let [row] = &table.rows[..] else { panic!("{:?}", table.rows) };
        assert_eq!(row[..2], ["kprobe+count", "+70"]);
        let (low, high) = row[2].split_once(" to ").unwrap();
        let number = |text: &str| text.parse::<i64>().unwrap();
        assert!((60..=70).contains(&number(low)) && (70..=80).contains(&number(high)), "{row:?}");
        assert!(placebos(&section::sections(&noisy_run())[0]).is_none());
    }

    #[test]
    fn other_clocks_are_compared_with_the_first() {
        let run = noisy_run();
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
