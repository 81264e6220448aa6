//! What a gate promises.

use super::*;
use crate::compare::tests::{failed, measured, run, with};
use crate::measurement::{Events, Refused};
use crate::{Measured, Measurement, Outcome, Run};

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

#[test]
fn a_clock_with_noise_needs_a_limit_in_its_own_unit() {
    let tsc = |samples: &[u64]| Measurement { clock: Clock::Tsc, ..measured("a+x", samples) };
    let (base, new) = (run(vec![tsc(&[1000])]), run(vec![tsc(&[1030])]));
    let judged = |limits: &[&str]| judged(&base, &new, &rules(limits, &[]));
    assert!(matches!(judged(&[]), Err(NotJudged::Noisy { clock: "tsc", .. })));
    assert!(judged(&["3%"]).unwrap().is_empty());
    assert_eq!(judged(&["29 cycles"]).unwrap(), ["regression a+x"]);
    assert!(matches!(judged(&["29 instructions"]), Err(NotJudged::Unit { unit: "cycles", .. })));
    assert_eq!(judged(&["b+*=3%"]), Err(NotJudged::NoCell("b+*=3%".into())));
}

#[test]
fn numbers_of_another_clock_are_a_regression_unless_allowed() {
    let base = run(vec![measured("a+x", &[5])]);
    let new = run(vec![Measurement { clock: Clock::Tsc, ..measured("a+x", &[5]) }]);
    assert_eq!(judged(&base, &new, &Rules::default()).unwrap(), ["regression a+x"]);
    assert_eq!(judged(&base, &new, &rules(&[], &["a+x"])).unwrap(), ["allowed a+x"]);
}
