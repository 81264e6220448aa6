//! Explanations of profiles that are written by hand, and of any profiles.

use proptest::prelude::*;

use super::*;
use crate::attribution::tests::{any_profile, operations, profile};
use crate::attribution::{Baseline, Part, Split};

const NONE: &[(&str, u64)] = &[("sys", 10), ("sys;exec", 50), ("sys;exec;alloc", 30), ("sys;irq", 8)];
const HOOKED: &[(&str, u64)] = &[
    ("sys", 10),
    ("sys;exec", 53),
    ("sys;exec;alloc", 25),
    ("sys;exec;bpf_prog_6deef7357e7b4530_count", 20),
    ("sys;exec;bpf_prog_6deef7357e7b4530_count;lookup.isra.0", 7),
    ("sys;irq;irq_work", 4),
];

fn cell() -> Cell {
    "6.1/tcg/mprotect-storm[to=r]/paced/bpf-lsm+count".parse().unwrap()
}

fn explain(none: &[&[(&str, u64)]], hooked: &[&[(&str, u64)]]) -> Explanation {
    let baseline = Baseline::new(&profile(none)).unwrap();
    let hooked = profile(hooked);
    baseline.explain(&cell(), &hooked, &baseline.split(&hooked)).unwrap()
}

fn lines(stacks: Stacks) -> Vec<String> {
    stacks.into_iter().map(|(stack, count)| format!("{stack} {count}")).collect()
}

#[test]
fn an_explanation_has_both_operations_and_the_parts_of_their_difference() {
    let explanation = explain(&[NONE], &[HOOKED]);
    assert_eq!((explanation.operation(), explanation.reference()), (119, 98));
    let parts = Parts { direct: 20 + 7 + 3, avoided: 0, indirect: -5, interrupts: 4 - 8 };
    assert_eq!(explanation.parts(), parts);
    assert_eq!((parts.added(), parts.side_effects()), (119 - 98, -9));
    assert_eq!(explanation.share, Share { operations: 1, of: 1 });
    let none: Vec<String> = NONE.iter().map(|(stack, count)| format!("{stack} {count}")).collect();
    assert_eq!(lines(explanation.reference_stacks(Names::Exact)), none);
    let hooked: Vec<String> = HOOKED.iter().map(|(stack, count)| format!("{stack} {count}")).collect();
    let mut found = lines(explanation.operation_stacks(Names::Exact));
    found.sort_by_key(|line| hooked.iter().position(|other| other == line));
    assert_eq!(found, hooked);
    let hook = lines(explanation.hook_stacks(Names::Normalized));
    assert_eq!(hook, ["sys;exec 3", "sys;exec;bpf_prog count 20", "sys;exec;bpf_prog count;lookup 7"]);
}

#[test]
fn functions_of_the_monitor_are_marked() {
    let marked: Vec<String> = explain(&[NONE], &[HOOKED]).marked_operation("!").into_keys().collect();
    let expected = [
        "sys",
        "sys;exec",
        "sys;exec;alloc",
        "sys;exec;bpf_prog_6deef7357e7b4530_count!",
        "sys;exec;bpf_prog_6deef7357e7b4530_count!;lookup.isra.0!",
        "sys;irq;irq_work",
    ];
    assert_eq!(marked, expected);
    let hook = lines(explain(&[NONE], &[HOOKED]).marked_hook("!"));
    let expected = [
        "sys;exec 3",
        "sys;exec;bpf_prog_6deef7357e7b4530_count! 20",
        "sys;exec;bpf_prog_6deef7357e7b4530_count!;lookup.isra.0! 7",
    ];
    assert_eq!(hook, expected);
}

#[test]
fn functions_have_their_own_change_and_that_of_what_they_call() {
    let functions = explain(&[NONE], &[HOOKED]).functions();
    let direct: Vec<(&str, i64, i64)> = functions
        .iter()
        .map(|function| (&*function.name, function.own.direct, function.total.direct))
        .collect();
    let expected = [
        ("bpf_prog_6deef7357e7b4530_count", 20, 27),
        ("lookup.isra.0", 7, 7),
        ("exec", 3, 30),
        ("irq", 0, 0),
        ("alloc", 0, 0),
        ("irq_work", 0, 0),
        ("sys", 0, 30),
    ];
    assert_eq!(direct, expected);
    let total = |name: &str| functions.iter().find(|function| function.name == name).unwrap().total;
    assert_eq!(total("sys"), Parts { direct: 30, avoided: 0, indirect: -5, interrupts: -4 });
    assert_eq!(total("exec").side_effects(), -5);
}

#[test]
fn a_function_that_calls_itself_counts_once() {
    let recursive = [("sys", 10), ("sys;bpf", 5), ("sys;bpf;help", 2), ("sys;bpf;help;bpf", 5)];
    let functions = explain(&[&[("sys", 10)]], &[&recursive]).functions();
    let bpf = &functions[0];
    assert_eq!((&*bpf.name, bpf.own.direct, bpf.total.direct), ("bpf", 10, 12));
}

#[test]
fn what_a_refused_operation_leaves_out_is_avoided() {
    let explanation = explain(&[&NONE[..3]], &[&[("sys", 10), ("sys;deny", 5)]]);
    assert_eq!(explanation.parts(), Parts { direct: 5, avoided: 80, ..Parts::default() });
    assert_eq!(explanation.parts().added(), -75);
}

#[test]
fn the_explained_operation_has_the_median_hook_and_the_median_sum() {
    let operation = |hook, alloc| [NONE[0], NONE[1], ("sys;exec;alloc", alloc), ("sys;exec;bpf", hook)];
    let all = [(20, 31), (20, 90), (20, 34), (9, 0), (25, 1)].map(|(hook, alloc)| operation(hook, alloc));
    let explanation = explain(&[&NONE[..3]], &all.each_ref().map(|operation| operation.as_slice()));
    assert_eq!(explanation.parts(), Parts { direct: 20, indirect: 4, ..Parts::default() });
    assert_eq!(explanation.share, Share { operations: 3, of: 5 });
    let baseline = Baseline::new(&profile(&[NONE])).unwrap();
    let nothing = baseline.explain(&cell(), &profile(&[]), &[]);
    assert_eq!(nothing.unwrap_err(), Unexplained::NoOperations);
}

#[test]
fn one_more_call_of_a_program_is_the_first_line_of_a_difference() {
    let again = [HOOKED, &[("sys;exec;bpf_prog_0123456789abcdef_count;lookup", 31)]].concat();
    let renamed: Vec<(String, u64)> = again
        .iter()
        .map(|(stack, count)| (stack.replace("6deef7357e7b4530", "0123456789abcdef"), *count))
        .collect();
    let renamed: Vec<(&str, u64)> = renamed.iter().map(|(stack, count)| (&**stack, *count)).collect();
    let difference = Difference::new(&explain(&[NONE], &[&renamed]), &explain(&[NONE], &[HOOKED]));
    assert_eq!(difference.parts, Parts { direct: 31, ..Parts::default() });
    let changed: Vec<_> =
        difference.functions.iter().map(|f| (&*f.name, f.own.direct, f.total.direct)).collect();
    assert_eq!(changed, [("lookup", 31, 31), ("bpf_prog count", 0, 31), ("exec", 0, 31), ("sys", 0, 31)]);
}

#[test]
fn the_differential_has_the_stacks_of_both() {
    let explanation = explain(&[&[("sys", 10), ("sys;a", 1)]], &[&[("sys", 12), ("sys;bpf", 2)]]);
    let both = differential(
        &explanation.reference_stacks(Names::Exact),
        &explanation.operation_stacks(Names::Exact),
    );
    let expected = [("sys", (10, 12)), ("sys;a", (1, 0)), ("sys;bpf", (0, 2))];
    assert_eq!(both, expected.map(|(stack, counts)| (stack.to_string(), counts)).into());
}

#[test]
fn json_that_does_not_hold_together_is_refused() {
    let explanation = explain(&[NONE], &[HOOKED]);
    let json = serde_json::to_string(&explanation).unwrap();
    assert_eq!(read(json.as_bytes()).unwrap(), explanation);
    let wrong = |from: &str, to: &str| {
        assert!(json.contains(from), "{from} in {json}");
        read(json.replacen(from, to, 1).as_bytes()).unwrap_err()
    };
    assert_eq!(wrong("\"format\":1", "\"format\":2"), NotAnExplanation::Version(2));
    assert_eq!(wrong("\"alloc\"", "\"al;loc\""), NotAnExplanation::Name(2));
    assert_eq!(wrong("\"alloc\"", "\"\""), NotAnExplanation::Name(2));
    assert_eq!(wrong("\"caller\":0", "\"caller\":1"), NotAnExplanation::Frame(1));
    assert_eq!(wrong("\"name\":2", "\"name\":9"), NotAnExplanation::Frame(2));
    assert_eq!(wrong("\"indirect\":-5", "\"indirect\":-6"), NotAnExplanation::Frame(2));
    assert!(matches!(wrong("\"share\"", "\"shares\""), NotAnExplanation::Json(_)));
    assert!(matches!(read(b"{}"), Err(NotAnExplanation::Json(_))));
    let deep: Vec<String> = (0..5000_u32)
        .map(|frame| match frame.checked_sub(1) {
            Some(caller) => format!("{{\"caller\":{caller},\"name\":0}}"),
            None => "{\"name\":0}".into(),
        })
        .collect();
    let (before, _) = json.split_once("\"frames\":").unwrap();
    let deep = format!("{before}\"frames\":[{}]}}", deep.join(","));
    assert_eq!(read(deep.as_bytes()), Err(NotAnExplanation::TooLarge));
}

proptest! {
    #[test]
    fn an_explanation_agrees_with_the_division_of_its_operation(none in operations(), hooked in operations()) {
        let baseline = Baseline::new(&any_profile(&none)).unwrap();
        let hooked = any_profile(&hooked);
        let splits = baseline.split(&hooked);
        let explanation = baseline.explain(&cell(), &hooked, &splits).unwrap();
        prop_assert_eq!(explanation.reference(), baseline.reference());
        let parts = explanation.parts();
        prop_assert_eq!(parts.added(), explanation.operation() as i64 - explanation.reference() as i64);
        let same = |split: &&Split| {
            let by_part = [split.direct, split.avoided, split.indirect, split.interrupts];
            by_part == [parts.direct, parts.avoided, parts.indirect, parts.interrupts]
        };
        let split = splits.iter().find(same);
        prop_assert!(split.is_some(), "{:?} is in none of {:?}", parts, splits);
        for function in explanation.functions() {
            let of_split = |part| {
                let found = split.unwrap().by_function.get(&(part, function.name.clone()));
                found.copied().unwrap_or_default()
            };
            prop_assert_eq!(function.own.direct, of_split(Part::Direct), "{}", function.name);
            prop_assert_eq!(function.own.avoided, of_split(Part::Avoided), "{}", function.name);
            prop_assert_eq!(function.own.indirect, of_split(Part::Indirect), "{}", function.name);
        }
        let stacks: u64 = explanation.operation_stacks(Names::Exact).values().sum();
        prop_assert_eq!(stacks, explanation.operation());
        let json = serde_json::to_vec(&explanation).unwrap();
        prop_assert_eq!(read(&json).unwrap(), explanation);
    }
}
