//! Tests of the gate.

use super::*;
use crate::fixture::{attributed, failed, measured, run, with, with_attribution};
use hookbench_model::measurement::{Events, Refused};
use hookbench_model::{Attribution, Clock, Measured, Measurement, Outcome, Share};
use hookbench_results::Run;

fn rules(limits: &[&str], allow: &[&str]) -> GateRules {
    GateRules {
        limits: limits.iter().map(|text| text.parse().unwrap()).collect(),
        allow: allow.iter().map(|text| text.parse().unwrap()).collect(),
    }
}

fn judged(base: &Run, new: &Run, rules: &GateRules) -> Result<Vec<String>, GateError> {
    let gate = Gate::judge(&Comparison::new(base, new), rules)?;
    let line = |verdict: &CellVerdict| format!("{} {}", verdict.kind.name(), verdict.cell.monitor);
    assert_eq!(gate.is_open(), !gate.verdicts.iter().any(|verdict| verdict.kind == VerdictKind::Regression));
    Ok(gate.verdicts.iter().map(line).collect())
}

#[test]
fn under_an_exact_clock_one_more_is_a_regression_and_one_less_an_improvement() {
    let base = run(vec![measured("a+x", &[1000]), measured("b+x", &[1000]), measured("c+x", &[1000])]);
    let new = run(vec![measured("a+x", &[1001]), measured("b+x", &[999]), measured("c+x", &[1000])]);
    assert_eq!(judged(&base, &new, &GateRules::default()).unwrap(), ["regression a+x", "improvement b+x"]);
    assert!(judged(&base, &base, &GateRules::default()).unwrap().is_empty());
}

#[test]
fn soft_and_hard_limits_both_count_and_the_last_of_a_kind_wins() {
    let base = run(vec![measured("a+x", &[1000]), measured("b+x", &[100])]);
    let new = run(vec![measured("a+x", &[1030]), measured("b+x", &[103])]);
    let judged = |limits: &[&str]| judged(&base, &new, &rules(limits, &[])).unwrap();
    assert!(judged(&["3%"]).is_empty());
    assert_eq!(judged(&["2.9%"]), ["regression a+x", "regression b+x"]);
    assert_eq!(judged(&["3%", "20 instructions"]), ["regression a+x"]);
    assert_eq!(judged(&["3%", "b+*=1%"]), ["regression b+x"]);
    assert_eq!(judged(&["b+*=1%", "3%"]).len(), 0);
    // A cell that no limit matches may not grow.
    assert_eq!(judged(&["b+*=3%"]), ["regression a+x"]);
}

#[test]
fn a_vanished_failed_or_unsupported_cell_is_a_regression_unless_allowed() {
    let unsupported = || Outcome::Unsupported("no BTF".into());
    let base = run(vec![
        measured("a+x", &[1]),
        measured("b+x", &[1]),
        measured("c+x", &[1]),
        with("d+x", unsupported()),
        with("e+x", failed()),
        with("f+x", failed()),
        with("g+x", unsupported()),
    ]);
    let new = run(vec![
        with("b+x", failed()),
        with("c+x", unsupported()),
        with("d+x", failed()),
        with("e+x", failed()),
        measured("f+x", &[1]),
        with("g+x", Outcome::Skipped("no".into())),
        with("h+x", failed()),
    ]);
    let all = ["b+x", "c+x", "d+x", "a+x", "h+x"].map(|monitor| format!("regression {monitor}"));
    let said = judged(&base, &new, &GateRules::default()).unwrap();
    assert_eq!(said[..5], all);
    assert_eq!(said[5..], ["improvement f+x"]);
    let gate = Gate::judge(&Comparison::new(&base, &new), &rules(&[], &["[a-d]+*", "*/h+x", "z+*"])).unwrap();
    assert!(gate.is_open() && gate.of_kind(VerdictKind::Allowed).count() == 5);
    assert_eq!(gate.unmatched, ["z+*"]);
}

#[test]
fn losing_more_events_or_refusing_differently_is_a_regression() {
    let numbers = |lost, refused: Option<&str>| -> Measurement {
        let events =
            Some(Events { behaviour: "exec".into(), expected: 9, seen: 9 - lost, lost, looks: None });
        let refused = refused.map(|errno| Refused { operations: 1, errno: errno.into(), happened: None });
        with("a+x", Outcome::Measured(Measured { samples: vec![7], events, refused, ..Default::default() }))
    };
    let judged = |base, new| judged(&run(vec![base]), &run(vec![new]), &GateRules::default()).unwrap();
    assert_eq!(judged(numbers(1, None), numbers(2, None)), ["regression a+x"]);
    assert!(judged(numbers(2, None), numbers(1, None)).is_empty());
    assert_eq!(judged(numbers(0, Some("EPERM")), numbers(0, None)), ["regression a+x"]);
}

#[test]
fn a_number_that_is_no_plain_one_any_more_is_a_regression() {
    use hookbench_model::Caveat::{self, Partial, Unproven};
    let cell = |caveats: &[Caveat]| {
        let measured = Measured { samples: vec![7], caveats: caveats.to_vec(), ..Default::default() };
        run(vec![with("a+x", Outcome::Measured(measured))])
    };
    let (part, unproven) = ([Partial("half".into())], [Unproven("asleep".into())]);
    let judged = |base: &[Caveat], new: &[Caveat]| {
        judged(&cell(base), &cell(new), &GateRules::default()).unwrap().join(", ")
    };
    let (worse, better) = ("regression a+x", "improvement a+x");
    assert_eq!([judged(&[], &part), judged(&[], &unproven), judged(&part, &unproven)], [worse; 3]);
    // Two monitors that may both have slept cannot be compared.
    assert_eq!(judged(&unproven, &unproven), worse);
    assert_eq!([judged(&part, &[]), judged(&unproven, &[]), judged(&unproven, &part)], [better; 3]);
    assert_eq!([judged(&[], &[]), judged(&part, &part)], [""; 2]);
}

/// A cell measured with the time-stamp counter: four rounds around `level`, `spread` apart.
fn noisy(monitor: &str, level: u64, spread: u64) -> Measurement {
    let rounds = [0, 2, 1, 3].map(|round| level - 3 * spread / 2 + round * spread);
    let samples = rounds.iter().flat_map(|round| [-1i64, 0, 1].map(|of| round.saturating_add_signed(of)));
    let measured =
        Measured { samples: samples.collect(), rounds: vec![3; rounds.len()], ..Default::default() };
    Measurement { clock: Clock::Tsc, ..with(monitor, Outcome::Measured(measured)) }
}

#[test]
fn under_a_clock_with_noise_a_regression_is_significant_and_larger_than_the_limit() {
    let base = run(["a+x", "b+x", "c+x", "d+x"].map(|monitor| noisy(monitor, 10_000, 4)).to_vec());
    let new = run(vec![
        noisy("a+x", 10_300, 4),
        // Significant, but too small to matter.
        noisy("b+x", 10_060, 4),
        // Large, but its rounds disagree.
        noisy("c+x", 10_400, 800),
        noisy("d+x", 9_500, 4),
    ]);
    let judged = |limits: &[&str]| judged(&base, &new, &rules(limits, &[]));
    let unlimited = ["regression a+x", "improvement d+x", "inconclusive c+x"];
    assert_eq!(judged(&[]).unwrap(), unlimited);
    assert_eq!(judged(&["3.1%"]).unwrap(), unlimited[1..]);
    assert_eq!(judged(&["0.5%"]).unwrap()[..2], ["regression a+x", "regression b+x"]);
    assert_eq!(judged(&["40 TSC cycles"]).unwrap()[..2], ["regression a+x", "regression b+x"]);
    // A cell has to keep both limits.
    assert_eq!(judged(&["50%", "200 TSC cycles"]).unwrap()[..1], ["regression a+x"]);
    assert!(matches!(judged(&["29 instructions"]), Err(GateError::Unit { unit: "TSC cycles", .. })));
    assert_eq!(judged(&["e+*=3%"]), Err(GateError::NoCell("e+*=3%".into())));
    let gate = Gate::judge(&Comparison::new(&base, &new), &GateRules::default()).unwrap();
    assert_eq!(gate.noise, Some(NoiseThresholds { false_alarms_percent: 1.0, least_percent: 1.0 }));
}

#[test]
fn one_round_is_inconclusive_and_does_not_fail_the_gate() {
    let tsc = |samples: &[u64]| Measurement { clock: Clock::Tsc, ..measured("a+x", samples) };
    let (base, new) = (run(vec![tsc(&[1000])]), run(vec![tsc(&[3000])]));
    let gate = Gate::judge(&Comparison::new(&base, &new), &GateRules::default()).unwrap();
    assert!(gate.is_open());
    let Reason::Noise { seen: NoisyChange::TooFewRounds(rounds), .. } = &gate.verdicts[0].why else {
        panic!("{gate:?}")
    };
    assert_eq!((gate.verdicts[0].kind, rounds.base, rounds.new), (VerdictKind::Inconclusive, 1, 1));
}

#[test]
fn a_changed_clock_is_a_regression_unless_allowed() {
    let base = run(vec![measured("a+x", &[5])]);
    let new = run(vec![Measurement { clock: Clock::Tsc, ..measured("a+x", &[5]) }]);
    assert_eq!(judged(&base, &new, &GateRules::default()).unwrap(), ["regression a+x"]);
    assert_eq!(judged(&base, &new, &rules(&[], &["a+x"])).unwrap(), ["allowed a+x"]);
}

/// A run of `none` and a monitor with an attribution.
fn hook(none: u64, p50: u64, direct: i64) -> Run {
    run(vec![measured("none", &[none]), attributed("a+x", p50, direct)])
}

#[test]
fn one_more_instruction_in_a_hook_is_a_regression_and_side_effects_are_none() {
    let judged = |base: &Run, new: &Run| judged(base, new, &GateRules::default()).unwrap();
    let base = hook(100_000, 99_000, 178);
    // An agent that was built again: everything moved but the hook.
    assert!(judged(&base, &hook(100_040, 99_941, 178)).is_empty());
    assert!(judged(&base, &hook(99_000, 98_000, 178)).is_empty());
    assert_eq!(judged(&base, &hook(100_000, 98_000, 179)), ["regression a+x"]);
    assert_eq!(judged(&base, &hook(100_000, 99_500, 177)), ["improvement a+x"]);
}

#[test]
fn a_percentage_is_one_of_the_hook_and_not_of_the_operation() {
    let (base, new) = (hook(100_000, 99_000, 200), hook(100_000, 99_000, 215));
    let judged = |limit: &str| judged(&base, &new, &rules(&[limit], &[])).unwrap();
    assert_eq!([judged("7.4%"), judged("14 instructions")], [["regression a+x"]; 2]);
    assert!(judged("7.5%").is_empty() && judged("15 instructions").is_empty());
}

#[test]
fn a_growth_of_none_counts_if_a_limit_names_it_or_no_hook_is_judged() {
    let (base, new) = (hook(1000, 1100, 100), hook(1030, 1130, 100));
    let with = |limits: &[&str]| judged(&base, &new, &rules(limits, &[])).unwrap();
    for silent in [&[][..], &["0%"], &["*=0%", "6.1/*=0 instructions"], &["none=3%"]] {
        assert!(with(silent).is_empty(), "{silent:?}");
    }
    assert_eq!([with(&["none=2%"]), with(&["9%", "6.1/*/none=29 instructions"])], [["regression none"]; 2]);
    let none = |p50| run(vec![measured("none", &[p50])]);
    assert_eq!(judged(&none(1000), &none(1030), &GateRules::default()).unwrap(), ["regression none"]);
}

#[test]
fn a_run_without_attributions_is_judged_by_medians() {
    let old = run(vec![measured("none", &[1000]), measured("a+x", &[1100]), measured("b+x", &[1100])]);
    let new = |direct| {
        run(vec![measured("none", &[1001]), attributed("a+x", 1101, direct), measured("b+x", &[1100])])
    };
    let judged = |base: &Run, new: &Run| judged(base, new, &GateRules::default()).unwrap();
    assert_eq!(judged(&old, &new(0)), ["regression none", "regression a+x"]);
    assert_eq!(judged(&new(0), &old), ["improvement none", "improvement a+x"]);
    // Both have one, and a cell that lacks it is judged by its median.
    assert!(judged(&new(7), &new(7)).is_empty());
    let mut other = new(7);
    other.measurements[2] = measured("b+x", &[1102]);
    assert_eq!(judged(&new(7), &other), ["regression b+x"]);
}

#[test]
fn a_hook_that_varies_is_inconclusive_within_what_the_base_has_seen() {
    let cell = |direct_p50, operations| {
        let direct_share = Share { operations, of: 100 };
        let parts =
            Attribution { direct_p50, direct_share, direct_min: 90, direct_max: 140, ..Default::default() };
        run(vec![with_attribution("a+x", 1100, parts)])
    };
    let judged = |new: i64, share, limits: &[&str]| {
        judged(&cell(100, 98), &cell(new, share), &rules(limits, &[])).unwrap().join(", ")
    };
    assert_eq!(judged(130, 49, &[]), "inconclusive a+x");
    assert_eq!(judged(95, 49, &[]), "inconclusive a+x");
    assert_eq!(judged(100, 49, &[]), "");
    assert_eq!(
        [judged(141, 49, &[]), judged(130, 50, &[]), judged(130, 49, &["20%"])],
        ["regression a+x"; 3]
    );
    assert_eq!(judged(130, 49, &["30%"]), "");
}

#[test]
fn a_refusal_that_saves_much_less_is_a_regression() {
    let cell = |avoided_p50| {
        run(vec![with_attribution(
            "a+x",
            1100,
            Attribution { direct_p50: 7, avoided_p50, ..Default::default() },
        )])
    };
    let judged = |base, new| judged(&cell(base), &cell(new), &GateRules::default()).unwrap().join(", ");
    assert_eq!([judged(10_000, 9_499), judged(1, 0)], ["regression a+x"; 2]);
    assert_eq!([judged(10_000, 9_500), judged(10_000, 10_900), judged(0, 0)], [""; 3]);
}
