//! Tests of comparisons.

use proptest::prelude::*;

use super::*;
use crate::fixture::{attributed, failed, measured, run, with, with_attribution};
use hookbench_model::measurement::Refused;
use hookbench_model::{Attribution, Clock, Measured, Outcome};

fn monitors<'a>(cells: impl Iterator<Item = &'a Cell>) -> Vec<String> {
    cells.map(|cell| cell.monitor.to_string()).collect()
}

#[test]
fn the_largest_change_is_first_and_shows_what_the_monitor_adds() {
    let base = run(vec![
        measured("none", &[1000]),
        measured("a+x", &[1010]),
        measured("b+x", &[1100]),
        measured("c+x", &[0]),
        measured("d+x", &[2000]),
    ]);
    let new = run(vec![
        measured("d+x", &[2000]),
        measured("c+x", &[1]),
        measured("none", &[1001]),
        measured("b+x", &[1050]),
        measured("a+x", &[1020]),
    ]);
    let comparison = Comparison::new(&base, &new);
    assert_eq!(monitors(comparison.changed().map(|change| &change.cell)), ["c+x", "b+x", "a+x", "none"]);
    assert_eq!(comparison.unchanged(), 1);
    let changes: Vec<_> = comparison.changed().map(|change| (change.difference, change.percent)).collect();
    assert_eq!(changes[0], (1, None));
    assert_eq!(changes[1].0, -50);
    assert!((changes[1].1.unwrap() + 4.545).abs() < 0.001);
    let added: Vec<_> = comparison.changed().map(|change| (change.added.base, change.added.new)).collect();
    assert_eq!(added[2..], [(Some(10), Some(19)), (None, None)]);
}

#[test]
fn different_samples_are_a_change_even_if_the_median_is_the_same() {
    let base =
        run(vec![measured("a+x", &[1, 2, 3]), measured("b+x", &[1, 2, 3]), measured("c+x", &[1, 2, 3])]);
    let new =
        run(vec![measured("a+x", &[3, 2, 1]), measured("b+x", &[1, 2, 9]), measured("c+x", &[1, 2, 3])]);
    let comparison = Comparison::new(&base, &new);
    let samples: Vec<_> =
        comparison.numbers.iter().map(|change| (change.samples, change.difference)).collect();
    assert_eq!(samples, [(SampleChange::Differ, 0), (SampleChange::Reordered, 0), (SampleChange::Same, 0)]);
    assert_eq!(comparison.changed().count(), 2);
}

#[test]
fn cells_that_cannot_be_compared_are_listed_by_kind() {
    let base = run(vec![
        measured("a+x", &[1]),
        measured("b+x", &[1]),
        with("c+x", failed()),
        with("d+x", Outcome::Unsupported("no".into())),
        measured("e+x", &[1]),
    ]);
    let mut other_clock = measured("e+x", &[9]);
    other_clock.clock = Clock::Tsc;
    let new = run(vec![
        with("a+x", failed()),
        with("c+x", failed()),
        with("d+x", Outcome::Unsupported("still no".into())),
        other_clock,
        measured("f+x", &[1]),
    ]);
    let comparison = Comparison::new(&base, &new);
    assert!(comparison.numbers.is_empty());
    let ending = &comparison.outcomes[0].ended;
    assert_eq!(
        (ending.base.outcome, ending.new.outcome, &*ending.new.reason),
        ("measured", "failed", "late")
    );
    assert_eq!(monitors(comparison.without_numbers.iter().map(|ending| &ending.cell)), ["c+x", "d+x"]);
    assert_eq!(monitors(comparison.vanished.iter().map(|lone| &lone.cell)), ["b+x"]);
    assert_eq!(monitors(comparison.appeared.iter().map(|lone| &lone.cell)), ["f+x"]);
    assert_eq!(monitors(comparison.clocks.iter().map(|clocks| &clocks.cell)), ["e+x"]);
}

#[test]
fn numbers_besides_the_samples_are_compared_too() {
    let numbers = |attach_cost, refused: Option<Refused>| {
        with(
            "a+x",
            Outcome::Measured(Measured { samples: vec![7], attach_cost, refused, ..Default::default() }),
        )
    };
    let refused = Some(Refused { operations: 1, errno: "EPERM".into(), happened: None });
    let comparison =
        Comparison::new(&run(vec![numbers(Some(5), refused)]), &run(vec![numbers(Some(8), None)]));
    let change = comparison.changed().next().unwrap();
    assert_eq!((change.growth(Quantity::AttachCost), change.growth(Quantity::Lost)), (Some(3), None));
    assert!(change.refused.as_ref().is_some_and(|refused| refused.base.is_some() && refused.new.is_none()));
}

#[test]
fn cells_with_an_attribution_are_compared_by_the_hook_and_side_effects_are_apart() {
    let base = run(vec![
        measured("none", &[1000]),
        attributed("a+x", 1100, 100),
        attributed("b+x", 2000, 500),
        attributed("c+x", 1300, 300),
        attributed("d+x", 1300, 300),
    ]);
    let new = run(vec![
        measured("none", &[1000]),
        attributed("a+x", 1101, 140),
        attributed("b+x", 9000, 500),
        attributed("c+x", 1300, 297),
        attributed("d+x", 1300, 300),
    ]);
    let comparison = Comparison::new(&base, &new);
    let moved: Vec<_> = comparison.changed().map(|change| (change.judged(), change.movement())).collect();
    let judged =
        |difference, percent, base| Judged { by: Measure::Hook, difference, percent: Some(percent), base };
    assert_eq!(
        moved,
        [
            (judged(40, 40.0, 100), Movement::Hook),
            (judged(-3, -1.0, 300), Movement::Hook),
            // The median grew most, but the monitor itself costs the same.
            (judged(0, 0.0, 500), Movement::SideEffects),
        ]
    );
    assert_eq!(
        comparison.changed().next().unwrap().side_effects(),
        BaseAndNew { base: Some(0), new: Some(-39) }
    );
    let counts = [Movement::Hook, Movement::SideEffects, Movement::Median, Movement::Nothing];
    assert_eq!(counts.map(|movement| comparison.count(movement)), [2, 1, 0, 2]);
}

#[test]
fn a_cell_with_an_attribution_in_one_run_only_is_compared_by_its_median() {
    let old = run(vec![measured("none", &[1000]), measured("a+x", &[1100])]);
    let new = run(vec![measured("none", &[1000]), attributed("a+x", 1101, 140)]);
    for (base, new) in [(&old, &new), (&new, &old)] {
        let comparison = Comparison::new(base, new);
        let change = comparison.changed().next().unwrap();
        assert_eq!((change.judged().by, change.movement()), (Measure::P50, Movement::Median));
        assert_eq!(change.side_effects(), BaseAndNew::default());
        assert!(!comparison.has_hooks() && !change.attributed.is_same());
    }
}

#[test]
fn a_share_or_a_part_that_changed_is_a_change_even_if_all_samples_are_the_same() {
    let cell = |indirect_p50| {
        run(vec![with_attribution("a+x", 1100, Attribution { indirect_p50, ..Default::default() })])
    };
    let comparison = Comparison::new(&cell(1), &cell(2));
    assert_eq!(comparison.changed().next().unwrap().movement(), Movement::Others);
    assert!(Comparison::new(&cell(1), &cell(1)).is_empty());
}

#[test]
fn a_hook_that_costs_nothing_or_less_has_a_percentage_of_its_size() {
    let percent = |base, new| {
        let cell = |direct| run(vec![attributed("a+x", 1100, direct)]);
        Comparison::new(&cell(base), &cell(new)).numbers[0].judged().percent
    };
    assert_eq!([percent(0, 0), percent(0, 1)], [Some(0.0), None]);
    assert_eq!([percent(-10, -5), percent(-10, -15)], [Some(50.0), Some(-50.0)]);
    assert!(percent(i64::MIN, i64::MAX).is_some());
}

fn any_measurement() -> impl Strategy<Value = Measurement> {
    let samples = proptest::collection::vec(prop_oneof![0..5u64, any::<u64>()], 0..5);
    let outcome = prop_oneof![
        4 => (samples, any_attribution()).prop_map(|(samples, attribution)| {
            Outcome::Measured(Measured { samples, attribution, ..Default::default() })
        }),
        1 => Just(failed()),
        1 => "[a-z]{0,3}".prop_map(Outcome::Unsupported),
        1 => "[a-z]{0,3}".prop_map(Outcome::Skipped),
    ];
    let clock = prop_oneof![9 => Just(Clock::Instructions), 1 => Just(Clock::Tsc)];
    ("none|[a-f]\\+x", outcome, clock)
        .prop_map(|(monitor, outcome, clock)| Measurement { clock, ..with(&monitor, outcome) })
}

fn any_attribution() -> impl Strategy<Value = Option<Attribution>> {
    let parts = (prop_oneof![0..5i64, any::<i64>()], any::<i64>());
    let attribution = parts.prop_map(|(direct_p50, avoided_p50)| Attribution {
        direct_p50,
        avoided_p50,
        ..Default::default()
    });
    proptest::option::of(attribution)
}

fn any_run() -> impl Strategy<Value = Run> {
    proptest::collection::vec(any_measurement(), 0..9).prop_map(run)
}

/// Each cell once, as in every run that hookbench writes.
fn without_duplicates(mut run: Run) -> Run {
    run.measurements.sort_by_key(|measurement| measurement.cell.to_string());
    run.measurements.dedup_by_key(|measurement| measurement.cell.to_string());
    run
}

proptest! {
    #[test]
    fn a_run_is_unchanged_compared_with_itself(run in any_run()) {
        let comparison = Comparison::new(&run, &run);
        prop_assert!(comparison.is_empty(), "{:?}", comparison);
        prop_assert_eq!(comparison.unchanged(), run.measurements.len());
    }

    #[test]
    fn the_order_of_cells_does_not_matter(base in any_run(), new in any_run(), turn in 0..9usize) {
        let (base, new) = (without_duplicates(base), without_duplicates(new));
        let comparison = Comparison::new(&base, &new);
        let rotated = |run: &Run| {
            let mut run = run.clone();
            let turn = turn.min(run.measurements.len());
            run.measurements.rotate_left(turn);
            run
        };
        prop_assert_eq!(&comparison, &Comparison::new(&rotated(&base), &rotated(&new)));
    }

    #[test]
    fn each_cell_is_listed_once(base in any_run(), new in any_run()) {
        let Comparison { outcomes, vanished, appeared, clocks, numbers, without_numbers, cells, .. } =
            Comparison::new(&base, &new);
        let both = outcomes.len() + clocks.len() + numbers.len() + without_numbers.len();
        prop_assert_eq!(both + vanished.len(), cells.base);
        prop_assert_eq!(both + appeared.len(), cells.new);
    }
}
