//! The sentences of a comparison, which all formats share. Foreign text in them is one
//! line; each format escapes it.

use hookbench_analysis::Summary;
use hookbench_analysis::compare::{
    BaseAndNew, Change, EnvironmentDifference, Movement, OtherChange, OutcomeSummary, SampleChange,
};
use hookbench_analysis::gate::{CellVerdict, NoiseThresholds, NoisyChange, Reason, VerdictKind};
use hookbench_analysis::noisy::{self, Interval, NoiseRule};
use hookbench_model::Clock;

use super::attribution;
use super::report::ComparisonReport;
use crate::text;

/// The title of the report.
pub(super) fn heading(report: &ComparisonReport<'_>) -> &'static str {
    match report.gate {
        None => "What changed",
        Some(gate) if gate.is_open() => "Gate: no regression",
        Some(_) => "Gate: regression",
    }
}

/// The name, the plan and the number of cells of each run.
pub(super) fn runs(report: &ComparisonReport<'_>) -> BaseAndNew<String> {
    let ComparisonReport { names, comparison, .. } = report;
    let description = |name: &str, plan: &str, cells| {
        format!("{}: plan {}, {}", text::name(name), text::name(plan), text::count(cells, "cell"))
    };
    BaseAndNew {
        base: description(names.base, &comparison.plans.base, comparison.cells.base),
        new: description(names.new, &comparison.plans.new, comparison.cells.new),
    }
}

/// The answer in a sentence or two.
pub(super) fn answer(report: &ComparisonReport<'_>) -> String {
    let comparison = report.comparison;
    let changed: Vec<&Change> = comparison.changed().collect();
    let exact: Vec<&&Change> = changed.iter().filter(|change| change.noise.is_none()).collect();
    let moved = |movement| exact.iter().filter(|change| change.movement() == movement).count();
    let least = NoiseRule::default().least;
    let noisy = |verdict: noisy::ChangeVerdict| {
        let has_verdict =
            |change: &&&Change| change.noise.is_some_and(|noise| noise.verdict_with_least(least) == verdict);
        changed.iter().filter(has_verdict).count()
    };
    let parts = [
        (moved(Movement::Hook), "with a different cost of the hook"),
        (moved(Movement::Median), "with a different median"),
        (moved(Movement::SideEffects), "with only side effects changed"),
        (moved(Movement::Others), "with the same median and other differences"),
        (noisy(noisy::ChangeVerdict::Regressed), "more expensive beyond noise and 1 %"),
        (noisy(noisy::ChangeVerdict::Improved), "cheaper beyond noise and 1 %"),
        (noisy(noisy::ChangeVerdict::Unchanged), "unchanged within noise and 1 %"),
        (noisy(noisy::ChangeVerdict::Inconclusive), "inconclusive because of noise"),
        (comparison.outcomes.len(), "with a different outcome"),
        (comparison.vanished.len(), "only in the base"),
        (comparison.appeared.len(), "only in the new run"),
        (comparison.clocks.len(), "with different clocks, not compared"),
        (comparison.unchanged(), "unchanged"),
    ];
    let prices = comparison.ways.changed.iter().filter(|change| change.price.is_some()).count();
    let ways = [
        (comparison.ways.changed.len() - prices, "with another verdict"),
        (prices, "with another price"),
        (comparison.ways.unchanged, "with the same verdict"),
    ];
    let parts = parts.iter().map(|part| (part, "cell")).chain(ways.iter().map(|part| (part, "way")));
    let parts: Vec<String> = parts
        .filter(|((count, _), _)| *count > 0)
        .map(|((count, what), noun)| format!("{} {what}", text::count(*count, noun)))
        .collect();
    let counts = if parts.is_empty() { "No cells.".into() } else { format!("{}.", parts.join(", ")) };
    [verdict(report), counts].concat()
}

fn verdict(report: &ComparisonReport<'_>) -> String {
    let Some(gate) = report.gate else { return String::new() };
    let count = |word| gate.count(word);
    let limits: Vec<String> = gate.limits.iter().map(|limit| text::name(&limit.to_string())).collect();
    let limits =
        if limits.is_empty() { "none, so any growth is a regression".into() } else { limits.join("; ") };
    let first = match count(VerdictKind::Regression) {
        0 => "No regression".into(),
        regressions => text::count(regressions, "regression"),
    };
    let more = match count(VerdictKind::Allowed) {
        0 => String::new(),
        allowed => format!(", {} allowed", text::grouped(allowed as u64)),
    };
    let unknown = match count(VerdictKind::Inconclusive) {
        0 => String::new(),
        unknown => format!(", {} inconclusive", text::grouped(unknown as u64)),
    };
    let noisy = gate.noise.map_or_else(String::new, |noisy| format!("; {}", noise_rule(noisy)));
    format!("{first}{more}{unknown} (limits: {limits}{noisy}). ")
}

/// The rule for noisy clocks.
fn noise_rule(noisy: NoiseThresholds) -> String {
    let NoiseThresholds { false_alarms_percent, least_percent } = noisy;
    format!(
        "under noisy clocks {least_percent} % for cells without a limit, significant changes only, with false \
         alarms in {false_alarms_percent} % of cells"
    )
}

/// Remarks on the answer: different environments, what the cells are compared by, and allowed
/// patterns without a cell.
pub(super) fn remarks(report: &ComparisonReport<'_>) -> Vec<String> {
    let mut remarks = Vec::new();
    if !report.comparison.environment.is_empty() {
        remarks.push("The environments of the two runs differ; the differences are listed below.".into());
    }
    remarks.extend(attribution::remarks(report));
    let idle = report.gate.into_iter().flat_map(|gate| &gate.unmatched);
    remarks
        .extend(idle.map(|pattern| format!("No cell matches the allowed pattern {}", text::name(pattern))));
    remarks
}

/// The reason of a verdict: `hook +12 instructions (+6.7 %); the limit is 5%`.
pub(super) fn why(verdict: &CellVerdict) -> String {
    match &verdict.why {
        Reason::Grew { by, difference, percent, unit, limit } => {
            let limit = limit.as_ref().map_or_else(
                || "an exact clock allows no growth".into(),
                |limit| format!("the limit is {}", text::name(&limit.to_string())),
            );
            format!("{}; {limit}", moved(by.name(), *difference, unit, *percent))
        }
        Reason::Shrank { by, difference, percent, unit } => moved(by.name(), *difference, unit, *percent),
        Reason::Varies { difference, percent, unit, share } => {
            let moved = moved("hook", *difference, unit, *percent);
            let shares = attribution::shares(share.base, share.new);
            format!("{moved}; operations of the base cost that too, and {shares} cost exactly the median")
        }
        Reason::AvoidsLess { avoided, unit } => {
            let avoided = attribution::change(avoided.base, avoided.new);
            format!("refused operations avoid less: {avoided} {unit}")
        }
        Reason::Noise { seen, unit, limit } => {
            let limit = limit.as_ref().map_or_else(String::new, |limit| {
                format!("; the limit is {}", text::name(&limit.to_string()))
            });
            format!("{}{limit}", noisy_reason(seen, unit))
        }
        Reason::LostMore { events } => format!("the monitor lost {events} more events"),
        Reason::StopsOtherwise => "the monitor enforces on other operations, or in another way".into(),
        Reason::Ended(sides) => ending(sides),
        Reason::New(new) => format!("new: {}", ended(new)),
        Reason::Vanished => "missing in the new run".into(),
        Reason::OtherClock(clock) => other_clock(clock),
    }
}

/// `+30 TSC cycles (+3.0 %), interval +21 to +39 (+2.1 % to +3.9 %)`
fn noisy_reason(seen: &NoisyChange, unit: &str) -> String {
    match seen {
        NoisyChange::Within { change, relative } => noisy_change(*change, *relative, unit),
        NoisyChange::TooFewRounds(rounds) => too_few(*rounds),
    }
}

fn noisy_change(change: Interval, relative: Interval, unit: &str) -> String {
    let whole = |value: f64| text::signed(value.round() as i64);
    let part = |value: f64| percent(value * 100.0);
    format!(
        "{} {unit} ({}), interval {} to {} ({} to {})",
        whole(change.value),
        part(relative.value),
        whole(change.low),
        whole(change.high),
        part(relative.low),
        part(relative.high)
    )
}

fn too_few(rounds: BaseAndNew<usize>) -> String {
    let BaseAndNew { base, new } = rounds;
    format!(
        "{} in the base and {new} in the new run: too few, each run needs at least two",
        text::count(base, "round")
    )
}

/// The verdict on a change under a noisy clock, and its interval.
fn noise(change: &Change) -> Option<String> {
    let noise = change.noise?;
    let verdict = noise.verdict_with_least(NoiseRule::default().least).word();
    Some(match noise.difference {
        Some(difference) => {
            let found = noisy_change(difference.change, difference.relative, change.clock.unit());
            format!("{verdict}: {found}, {} % confidence", 100.0 - NoiseRule::default().false_alarms * 100.0)
        }
        None => format!("{verdict}: {}", too_few(noise.rounds)),
    })
}

/// `hook +12 instructions (+6.7 %)`
fn moved(what: &str, difference: i64, unit: &str, percent: Option<f64>) -> String {
    format!("{what} {} {unit}{}", text::signed(difference), in_brackets(percent))
}

fn in_brackets(change: Option<f64>) -> String {
    change.map_or_else(String::new, |change| format!(" ({})", percent(change)))
}

/// `measured → failed: the guest's kernel panicked`
pub(super) fn ending(sides: &BaseAndNew<OutcomeSummary>) -> String {
    format!("{} → {}", ended(&sides.base), ended(&sides.new))
}

/// `failed: the guest's kernel panicked`
pub(super) fn ended(ended: &OutcomeSummary) -> String {
    match text::one_line(&ended.reason) {
        reason if reason.is_empty() => ended.outcome.into(),
        reason => format!("{}: {reason}", ended.outcome),
    }
}

/// The two clocks, and that their numbers are not compared.
pub(super) fn other_clock(clock: &BaseAndNew<Clock>) -> String {
    format!("clock {} → {}: the numbers are not compared", clock.base.name(), clock.new.name())
}

/// A difference of the environments: the name and the two values.
pub(super) fn difference(difference: &EnvironmentDifference) -> [String; 3] {
    let value = |value: &Option<String>| match value.as_deref().map(text::one_line) {
        Some(value) if !value.is_empty() => value,
        _ => "none".into(),
    };
    [text::one_line(&difference.what), value(&difference.values.base), value(&difference.values.new)]
}

/// The changes of a cell besides its median.
pub(super) fn notes(change: &Change) -> Vec<String> {
    let mut notes: Vec<String> = noise(change).into_iter().collect();
    match change.samples {
        SampleChange::Reordered => notes.push("the same samples in a different order".into()),
        SampleChange::Differ if change.difference == 0 && change.noise.is_none() => {
            notes.push(same_median(&change.summary))
        }
        SampleChange::Same | SampleChange::Differ => {}
    }
    let BaseAndNew { base, new } = change.summary;
    if base.n != new.n {
        notes.push(format!("n {} → {}", text::grouped(base.n as u64), text::grouped(new.n as u64)));
    }
    notes.extend(change.hook.iter().flat_map(attribution::notes));
    if let Some(refused) = &change.refused {
        let word = |refused: &Option<_>, n| {
            refused.as_ref().map_or_else(|| "measured".into(), |refused| text::refusal(refused, n))
        };
        notes.push(format!("{} → {}", word(&refused.base, base.n), word(&refused.new, new.n)));
    }
    notes.extend(change.others.iter().map(|other| other_number(other, change.clock)));
    notes
}

/// The statistics that moved while the median did not.
fn same_median(summary: &BaseAndNew<Summary>) -> String {
    let BaseAndNew { base, new } = summary;
    let statistics = [
        ("min", base.min, new.min),
        ("p90", base.p90, new.p90),
        ("p99", base.p99, new.p99),
        ("max", base.max, new.max),
    ];
    let moved = statistics.into_iter().filter(|(_, base, new)| base != new);
    let mut moved: Vec<String> = moved
        .map(|(name, base, new)| format!("{name} {} → {}", text::grouped(base), text::grouped(new)))
        .collect();
    if base.mean != new.mean {
        moved.push(format!("mean {} → {}", text::mean(base.mean), text::mean(new.mean)));
    }
    match moved.is_empty() {
        true => "different samples with the same statistics".into(),
        false => format!("different samples: {}", moved.join(", ")),
    }
}

/// `attaching 1,234 → 1,300 instructions`
fn other_number(other: &OtherChange, clock: Clock) -> String {
    let value = |value: Option<i128>| value.map_or_else(|| "none".into(), grouped);
    let words = format!("{} {} → {}", other.what.name(), value(other.values.base), value(other.values.new));
    [words.as_str(), other.what.unit(clock)].join(" ").trim_end().into()
}

fn grouped(number: i128) -> String {
    let sign = if number < 0 { "-" } else { "" };
    u64::try_from(number.unsigned_abs())
        .map_or_else(|_| number.to_string(), |size| format!("{sign}{}", text::grouped(size)))
}

/// `+0.0013 %`, `-12.5 %`: at least two significant digits, because exact numbers change
/// by little.
pub(super) fn percent(change: f64) -> String {
    let decimals = match change.abs() {
        0.0 => return "0 %".into(),
        10.0.. => 1,
        size => (1.0 - size.log10().floor()).clamp(2.0, 9.0) as usize,
    };
    format!("{change:+.decimals$} %")
}

/// `+392 → +404`, with `-` for a missing number.
pub(super) fn added(added: &BaseAndNew<Option<i64>>) -> String {
    let word = |added: Option<i64>| added.map_or_else(|| "-".into(), text::signed);
    match added {
        BaseAndNew { base: None, new: None } => String::new(),
        BaseAndNew { base, new } => format!("{} → {}", word(*base), word(*new)),
    }
}

/// `and 12 more`; `None` when nothing is omitted.
pub(super) fn more(left: usize) -> Option<String> {
    (left > 0).then(|| format!("and {} more", text::grouped(left as u64)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_change_is_not_rounded_away() {
        let shown = [0.0, 0.0013, -0.25, 1.234, 99.96, -1234.5, 1e-12].map(percent);
        assert_eq!(
            shown,
            ["0 %", "+0.0013 %", "-0.25 %", "+1.23 %", "+100.0 %", "-1234.5 %", "+0.000000000 %"]
        );
    }

    #[test]
    fn numbers_beyond_64_bits_are_shown_in_full() {
        assert_eq!(grouped(-4096), "-4,096");
        assert_eq!(grouped(i128::MAX), i128::MAX.to_string());
    }
}
