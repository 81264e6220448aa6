//! What a gate promises.

use super::*;
use crate::compare::tests::{failed, measured, run, with};
use hookbench_model::measurement::{Events, Refused};
use hookbench_model::{Measured, Measurement, Outcome};
use hookbench_results::Run;

fn rules(limits: &[&str], allow: &[&str]) -> Rules {
    Rules {
        limits: limits.iter().map(|text| text.parse().unwrap()).collect(),
        allow: allow.iter().map(|text| text.parse().unwrap()).collect(),
    }
}

fn judged(base: &Run, new: &Run, rules: &Rules) -> Result<Vec<String>, NotJudged> {
    let gate = Gate::judge(&Comparison::of(base, new), rules)?;
    let said = |verdict: &Verdict| format!("{} {}", verdict.verdict.name(), verdict.cell.monitor);
    assert_eq!(gate.is_open(), !gate.verdicts.iter().any(|verdict| verdict.verdict == Word::Regression));
    Ok(gate.verdicts.iter().map(said).collect())
}

#[test]
fn under_an_exact_clock_one_more_is_a_regression_and_one_less_is_told() {
    let base = run(vec![measured("a+x", &[1000]), measured("b+x", &[1000]), measured("c+x", &[1000])]);
    let new = run(vec![measured("a+x", &[1001]), measured("b+x", &[999]), measured("c+x", &[1000])]);
    assert_eq!(judged(&base, &new, &Rules::default()).unwrap(), ["regression a+x", "improvement b+x"]);
    assert!(judged(&base, &base, &Rules::default()).unwrap().is_empty());
}

#[test]
fn a_soft_and_a_hard_limit_both_count_and_of_one_kind_the_last() {
    let base = run(vec![measured("a+x", &[1000]), measured("b+x", &[100])]);
    let new = run(vec![measured("a+x", &[1030]), measured("b+x", &[103])]);
    let judged = |limits: &[&str]| judged(&base, &new, &rules(limits, &[])).unwrap();
    assert!(judged(&["3%"]).is_empty());
    assert_eq!(judged(&["2.9%"]), ["regression a+x", "regression b+x"]);
    assert_eq!(judged(&["3%", "20 instructions"]), ["regression a+x"]);
    assert_eq!(judged(&["3%", "b+*=1%"]), ["regression b+x"]);
    assert_eq!(judged(&["b+*=1%", "3%"]).len(), 0);
    // Without a limit of its own, a cell may not grow.
    assert_eq!(judged(&["b+*=3%"]), ["regression a+x"]);
}

#[test]
fn what_vanished_failed_or_is_unsupported_is_a_regression_unless_allowed() {
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
    let said = judged(&base, &new, &Rules::default()).unwrap();
    assert_eq!(said[..5], all);
    assert_eq!(said[5..], ["improvement f+x"]);
    let gate = Gate::judge(&Comparison::of(&base, &new), &rules(&[], &["[a-d]+*", "*/h+x", "z+*"])).unwrap();
    assert!(gate.is_open() && gate.of(Word::Allowed).count() == 5);
    assert_eq!(gate.idle, ["z+*"]);
}

#[test]
fn a_monitor_that_loses_more_or_stops_otherwise_is_a_regression() {
    let numbers = |lost, refused: Option<&str>| -> Measurement {
        let events =
            Some(Events { behaviour: "exec".into(), expected: 9, seen: 9 - lost, lost, looks: None });
        let refused = refused.map(|errno| Refused { operations: 1, errno: errno.into(), happened: None });
        with("a+x", Outcome::Measured(Measured { samples: vec![7], events, refused, ..Default::default() }))
    };
    let judged = |base, new| judged(&run(vec![base]), &run(vec![new]), &Rules::default()).unwrap();
    assert_eq!(judged(numbers(1, None), numbers(2, None)), ["regression a+x"]);
    assert!(judged(numbers(2, None), numbers(1, None)).is_empty());
    assert_eq!(judged(numbers(0, Some("EPERM")), numbers(0, None)), ["regression a+x"]);
}

/// A cell by the time-stamp counter: four rounds about `level`, `spread` apart.
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
        // Significant, and less than matters.
        noisy("b+x", 10_060, 4),
        // Large, and its rounds do not agree.
        noisy("c+x", 10_400, 800),
        noisy("d+x", 9_500, 4),
    ]);
    let judged = |limits: &[&str]| judged(&base, &new, &rules(limits, &[]));
    let unlimited = ["regression a+x", "improvement d+x", "inconclusive c+x"];
    assert_eq!(judged(&[]).unwrap(), unlimited);
    assert_eq!(judged(&["3.1%"]).unwrap(), unlimited[1..]);
    assert_eq!(judged(&["0.5%"]).unwrap()[..2], ["regression a+x", "regression b+x"]);
    assert_eq!(judged(&["40 TSC cycles"]).unwrap()[..2], ["regression a+x", "regression b+x"]);
    // Of two, each has to be kept.
    assert_eq!(judged(&["50%", "200 TSC cycles"]).unwrap()[..1], ["regression a+x"]);
    assert!(matches!(judged(&["29 instructions"]), Err(NotJudged::Unit { unit: "TSC cycles", .. })));
    assert_eq!(judged(&["e+*=3%"]), Err(NotJudged::NoCell("e+*=3%".into())));
    let gate = Gate::judge(&Comparison::of(&base, &new), &Rules::default()).unwrap();
    assert_eq!(gate.noisy, Some(Noisy { false_alarms_percent: 1.0, least_percent: 1.0 }));
}

#[test]
fn one_round_is_inconclusive_whatever_it_says_and_fails_nothing() {
    let tsc = |samples: &[u64]| Measurement { clock: Clock::Tsc, ..measured("a+x", samples) };
    let (base, new) = (run(vec![tsc(&[1000])]), run(vec![tsc(&[3000])]));
    let gate = Gate::judge(&Comparison::of(&base, &new), &Rules::default()).unwrap();
    assert!(gate.is_open());
    let Why::Noise { seen: Seen::TooFewRounds(rounds), .. } = &gate.verdicts[0].why else {
        panic!("{gate:?}")
    };
    assert_eq!((gate.verdicts[0].verdict, rounds.base, rounds.new), (Word::Inconclusive, 1, 1));
}

#[test]
fn numbers_of_another_clock_are_a_regression_unless_allowed() {
    let base = run(vec![measured("a+x", &[5])]);
    let new = run(vec![Measurement { clock: Clock::Tsc, ..measured("a+x", &[5]) }]);
    assert_eq!(judged(&base, &new, &Rules::default()).unwrap(), ["regression a+x"]);
    assert_eq!(judged(&base, &new, &rules(&[], &["a+x"])).unwrap(), ["allowed a+x"]);
}
