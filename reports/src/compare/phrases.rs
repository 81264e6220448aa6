//! What a comparison says in words, the same in all formats. Foreign text in them is
//! one line; escaping stays with the format.

use hookbench_results::compare::{Change, Difference, Ended, Other, Samples, Sides};
use hookbench_results::gate::{Noisy, Seen, Verdict, Why, Word};
use hookbench_results::noisy::{self, Interval, Rule};
use hookbench_results::{Clock, Summary};

use super::ComparisonReport;
use crate::text;

/// What is compared: name, plan and number of cells of each run.
pub(super) fn runs(report: &ComparisonReport<'_>) -> Sides<String> {
    let ComparisonReport { names, comparison, .. } = report;
    let said = |name: &str, plan: &str, cells| {
        format!("{}: plan {}, {}", text::name(name), text::name(plan), text::count(cells, "cell"))
    };
    Sides {
        base: said(names.base, &comparison.plans.base, comparison.cells.base),
        new: said(names.new, &comparison.plans.new, comparison.cells.new),
    }
}

/// The answer in a sentence or two.
pub(super) fn answer(report: &ComparisonReport<'_>) -> String {
    let comparison = report.comparison;
    let changed: Vec<&Change> = comparison.changed().collect();
    let exact: Vec<&&Change> = changed.iter().filter(|change| change.noise.is_none()).collect();
    let moved = exact.iter().filter(|change| change.difference != 0).count();
    let least = Rule::default().least;
    let noisy = |verdict: noisy::Verdict| {
        let of_it = |change: &&&Change| change.noise.is_some_and(|noise| noise.judged(least) == verdict);
        changed.iter().filter(of_it).count()
    };
    let parts = [
        (moved, "with another median"),
        (exact.len() - moved, "with the same median, and something else changed"),
        (noisy(noisy::Verdict::Regressed), "dearer beyond noise and 1 %"),
        (noisy(noisy::Verdict::Improved), "cheaper beyond noise and 1 %"),
        (noisy(noisy::Verdict::Unchanged), "with noise and without a change that matters"),
        (noisy(noisy::Verdict::Inconclusive), "inconclusive for noise"),
        (comparison.outcomes.len(), "ended otherwise"),
        (comparison.vanished.len(), "only in the base"),
        (comparison.appeared.len(), "only in the new run"),
        (comparison.clocks.len(), "of another clock, not compared"),
        (comparison.unchanged(), "as before"),
    ];
    let parts = parts.iter().filter(|(count, _)| *count > 0);
    let parts: Vec<String> =
        parts.map(|(count, what)| format!("{} {what}", text::count(*count, "cell"))).collect();
    let counts = if parts.is_empty() { "No cells.".into() } else { format!("{}.", parts.join(", ")) };
    [verdict(report), counts].concat()
}

fn verdict(report: &ComparisonReport<'_>) -> String {
    let Some(gate) = report.gate else { return String::new() };
    let count = |word| gate.of(word).count();
    let limits: Vec<String> = gate.limits.iter().map(|limit| text::name(&limit.to_string())).collect();
    let limits = if limits.is_empty() { "none, so that nothing may grow".into() } else { limits.join("; ") };
    let first = match count(Word::Regression) {
        0 => "No regression".into(),
        regressions => text::count(regressions, "regression"),
    };
    let more = match count(Word::Allowed) {
        0 => String::new(),
        allowed => format!(", {} allowed", text::grouped(allowed as u64)),
    };
    let unknown = match count(Word::Inconclusive) {
        0 => String::new(),
        unknown => format!(", {} inconclusive", text::grouped(unknown as u64)),
    };
    let noisy = gate.noisy.map_or_else(String::new, |noisy| format!("; {}", with_noise(noisy)));
    format!("{first}{more}{unknown} (limits: {limits}{noisy}). ")
}

/// How clocks with noise were judged.
fn with_noise(noisy: Noisy) -> String {
    let Noisy { false_alarms_percent, least_percent } = noisy;
    format!(
        "under clocks with noise {least_percent} % where no limit is of the cell, and only what is significant, \
         with false alarms in {false_alarms_percent} % of cells"
    )
}

/// What is said beside the answer: what was allowed in vain.
pub(super) fn remarks(report: &ComparisonReport<'_>) -> Vec<String> {
    let mut remarks = Vec::new();
    if !report.comparison.environment.is_empty() {
        remarks.push("What made the numbers is not the same in both runs: see what differs below.".into());
    }
    let idle = report.gate.into_iter().flat_map(|gate| &gate.idle);
    remarks.extend(idle.map(|pattern| format!("Allowed, and of no cell: {}", text::name(pattern))));
    remarks
}

/// Why a cell is told: `p50 grew by 120 instructions (+0.13 %), limit 5%`.
pub(super) fn why(verdict: &Verdict) -> String {
    match &verdict.why {
        Why::Grew { difference, percent, unit, limit } => {
            let limit = limit.as_ref().map_or_else(
                || "and nothing may grow under an exact clock".into(),
                |limit| format!("the limit is {}", text::name(&limit.to_string())),
            );
            format!("p50 {} {unit}{}; {limit}", text::signed(*difference), in_brackets(*percent))
        }
        Why::Shrank { difference, percent, unit } => {
            format!("p50 {} {unit}{}", text::signed(*difference), in_brackets(*percent))
        }
        Why::Noise { seen, unit, limit } => {
            let limit = limit.as_ref().map_or_else(String::new, |limit| {
                format!("; the limit is {}", text::name(&limit.to_string()))
            });
            format!("{}{limit}", seen_words(seen, unit))
        }
        Why::LostMore { events } => format!("the monitor lost {events} events more"),
        Why::StopsOtherwise => "the monitor stops other operations, or in another way".into(),
        Why::Ended(sides) => ending(sides),
        Why::New(new) => format!("new, and {}", ended(new)),
        Why::Vanished => "not in the new run".into(),
        Why::OtherClock(clock) => other_clock(clock),
    }
}

/// `+30 TSC cycles (+3.0 %), which lies in +21 to +39 (+2.1 % to +3.9 %)`
fn seen_words(seen: &Seen, unit: &str) -> String {
    match seen {
        Seen::Within { change, relative } => noisy_change(*change, *relative, unit),
        Seen::TooFewRounds(rounds) => too_few(*rounds),
    }
}

fn noisy_change(change: Interval, relative: Interval, unit: &str) -> String {
    let whole = |value: f64| text::signed(value.round() as i64);
    let part = |value: f64| percent(value * 100.0);
    format!(
        "{} {unit} ({}), which lies in {} to {} ({} to {})",
        whole(change.value),
        part(relative.value),
        whole(change.low),
        whole(change.high),
        part(relative.low),
        part(relative.high)
    )
}

fn too_few(rounds: Sides<usize>) -> String {
    let Sides { base, new } = rounds;
    format!(
        "{} and {}: fewer than two on a side tell nothing of how they differ",
        text::count(base, "round"),
        new
    )
}

/// The verdict on a change by a clock with noise, and its interval.
fn noise(change: &Change) -> Option<String> {
    let noise = change.noise?;
    let verdict = noise.judged(Rule::default().least).word();
    Some(match noise.difference {
        Some(difference) => {
            let said = noisy_change(difference.change, difference.relative, change.clock.unit());
            format!("{verdict}: {said}, at {} %", 100.0 - Rule::default().false_alarms * 100.0)
        }
        None => format!("{verdict}: {}", too_few(noise.rounds)),
    })
}

fn in_brackets(change: Option<f64>) -> String {
    change.map_or_else(String::new, |change| format!(" ({})", percent(change)))
}

/// `measured → failed: the guest's kernel panicked`
pub(super) fn ending(sides: &Sides<Ended>) -> String {
    format!("{} → {}", ended(&sides.base), ended(&sides.new))
}

/// `failed: the guest's kernel panicked`
pub(super) fn ended(ended: &Ended) -> String {
    match text::one_line(&ended.reason) {
        reason if reason.is_empty() => ended.outcome.into(),
        reason => format!("{}: {reason}", ended.outcome),
    }
}

/// What differs between clocks, and that numbers are not.
pub(super) fn other_clock(clock: &Sides<Clock>) -> String {
    format!("clock {} → {}: the numbers are not compared", clock.base.name(), clock.new.name())
}

/// What made the numbers: the name and the two values.
pub(super) fn difference(difference: &Difference) -> [String; 3] {
    let value = |value: &Option<String>| match value.as_deref().map(text::one_line) {
        Some(value) if !value.is_empty() => value,
        _ => "nothing".into(),
    };
    [text::one_line(&difference.what), value(&difference.values.base), value(&difference.values.new)]
}

/// What changed of a cell beside its median.
pub(super) fn notes(change: &Change) -> Vec<String> {
    let mut notes: Vec<String> = noise(change).into_iter().collect();
    match change.samples {
        Samples::Reordered => notes.push("the same samples in another order".into()),
        Samples::Differ if change.difference == 0 && change.noise.is_none() => {
            notes.push(same_median(&change.summary))
        }
        Samples::Same | Samples::Differ => {}
    }
    let Sides { base, new } = change.summary;
    if base.n != new.n {
        notes.push(format!("n {} → {}", text::grouped(base.n as u64), text::grouped(new.n as u64)));
    }
    if let Some(refused) = &change.refused {
        let word = |refused: &Option<_>, n| {
            refused.as_ref().map_or_else(|| "measured".into(), |refused| text::refusal(refused, n))
        };
        notes.push(format!("{} → {}", word(&refused.base, base.n), word(&refused.new, new.n)));
    }
    notes.extend(change.others.iter().map(|other| beside(other, change.clock)));
    notes
}

/// Which other statistics moved.
fn same_median(summary: &Sides<Summary>) -> String {
    let Sides { base, new } = summary;
    let whole = [
        ("min", base.min, new.min),
        ("p90", base.p90, new.p90),
        ("p99", base.p99, new.p99),
        ("max", base.max, new.max),
    ];
    let moved = whole.into_iter().filter(|(_, base, new)| base != new);
    let mut moved: Vec<String> = moved
        .map(|(name, base, new)| format!("{name} {} → {}", text::grouped(base), text::grouped(new)))
        .collect();
    if base.mean != new.mean {
        moved.push(format!("mean {} → {}", text::mean(base.mean), text::mean(new.mean)));
    }
    match moved.is_empty() {
        true => "other samples, with the same statistics".into(),
        false => format!("other samples: {}", moved.join(", ")),
    }
}

/// `attaching 1,234 → 1,300 instructions`
fn beside(other: &Other, clock: Clock) -> String {
    let value = |value: Option<i128>| value.map_or_else(|| "none".into(), grouped);
    let words = format!("{} {} → {}", other.what.name(), value(other.values.base), value(other.values.new));
    [words.as_str(), other.what.unit(clock)].join(" ").trim_end().into()
}

fn grouped(number: i128) -> String {
    let sign = if number < 0 { "-" } else { "" };
    u64::try_from(number.unsigned_abs())
        .map_or_else(|_| number.to_string(), |size| format!("{sign}{}", text::grouped(size)))
}

/// `+0.0013 %`, `-12.5 %`: two digits that say something, for exact numbers change by little.
pub(super) fn percent(change: f64) -> String {
    let decimals = match change.abs() {
        0.0 => return "0 %".into(),
        10.0.. => 1,
        size => (1.0 - size.log10().floor()).clamp(2.0, 9.0) as usize,
    };
    format!("{change:+.decimals$} %")
}

/// `+392 → +404`; one of them is `-` where there is none.
pub(super) fn added(added: &Sides<Option<i64>>) -> String {
    let word = |added: Option<i64>| added.map_or_else(|| "-".into(), text::signed);
    match added {
        Sides { base: None, new: None } => String::new(),
        Sides { base, new } => format!("{} → {}", word(*base), word(*new)),
    }
}

/// `and 12 more`; nothing where none is left out.
pub(super) fn more(left: usize) -> Option<String> {
    (left > 0).then(|| format!("and {} more", text::grouped(left as u64)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_change_is_not_rounded_away() {
        let said = [0.0, 0.0013, -0.25, 1.234, 99.96, -1234.5, 1e-12].map(percent);
        assert_eq!(
            said,
            ["0 %", "+0.0013 %", "-0.25 %", "+1.23 %", "+100.0 %", "-1234.5 %", "+0.000000000 %"]
        );
    }

    #[test]
    fn numbers_beyond_64_bits_are_said_too() {
        assert_eq!(grouped(-4096), "-4,096");
        assert_eq!(grouped(i128::MAX), i128::MAX.to_string());
    }
}
