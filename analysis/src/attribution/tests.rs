//! Profiles that are written by hand, and any profiles.

use hookbench_model::{Attribution, Share};
use proptest::prelude::*;

use super::*;

/// A profile of operations, each a list of paths, `outer;inner`, with instructions. A function is an interrupt if its
/// name begins with `irq`, dynamic if it begins with `bpf`, and `alloc` is an allocator.
pub(super) fn profile(operations: &[&[(&str, u64)]]) -> Profile {
    let mut profile = Profile::default();
    for operation in operations {
        let counts = operation.iter().map(|(path, count)| (intern(&mut profile, path), *count)).collect();
        profile.operations.push(counts);
    }
    profile
}

fn intern(profile: &mut Profile, path: &str) -> usize {
    let (caller, name) = match path.rsplit_once(';') {
        Some((caller, name)) => (Some(intern(profile, caller)), name),
        None => (None, path),
    };
    let known = profile.functions.iter().position(|function| function.name == name);
    let function = known.unwrap_or_else(|| {
        let kind = match name {
            name if name.starts_with("irq") => Kind::Interrupt,
            name if name.starts_with("bpf") => Kind::Dynamic,
            "alloc" => Kind::Allocator,
            _ => Kind::Ordinary,
        };
        profile.functions.push(Function { name: name.into(), kind, is_named: name != "bpf?" });
        profile.functions.len() - 1
    });
    let path = Path { caller, function };
    profile.paths.iter().position(|other| *other == path).unwrap_or_else(|| {
        profile.paths.push(path);
        profile.paths.len() - 1
    })
}

/// The direct, avoided, interrupt and indirect instructions of one operation.
fn split(baseline: &[&[(&str, u64)]], operation: &[(&str, u64)]) -> [i64; 4] {
    let baseline = Baseline::new(&profile(baseline)).unwrap();
    let all = baseline.split(&profile(&[operation]));
    let Split { direct, avoided, interrupts, indirect, .. } = all[0];
    [direct, avoided, interrupts, indirect]
}

const EXEC: &[(&str, u64)] = &[("sys", 10), ("sys;exec", 50), ("sys;exec;alloc", 30)];

#[test]
fn a_path_that_the_baseline_never_takes_is_direct_with_the_change_of_its_caller() {
    let operation =
        [EXEC[0], ("sys;exec", 53), EXEC[2], ("sys;exec;bpf_prog", 20), ("sys;exec;bpf_prog;alloc", 7)];
    assert_eq!(split(&[EXEC], &operation), [20 + 7 + 3, 0, 0, 0]);
}

#[test]
fn memory_that_is_found_in_another_way_is_not_left_out() {
    let search: &[(&str, u64)] = &[EXEC[0], EXEC[1], EXEC[2], ("sys;exec;alloc;search", 40)];
    assert_eq!(split(&[search], EXEC), [0, 0, 0, -40]);
    // Without the function that allocates, the search is left out too.
    assert_eq!(split(&[search], &[EXEC[0]]), [0, 120, 0, 0]);
}

#[test]
fn what_follows_a_trampoline_is_what_it_is_without_one() {
    let without: &[(&str, u64)] = &[("sys", 9), ("sys;hook", 5), ("sys;ima", 67), ("sys;hook;check", 4)];
    // The trampoline is called by the function, whose rest it calls; the rest ends by a jump.
    let called: &[(&str, u64)] = &[
        ("sys", 9),
        ("sys;hook", 1),
        ("sys;hook;bpf_trampoline", 30),
        ("sys;hook;bpf_trampoline;enter", 8),
        ("sys;hook;bpf_trampoline;hook", 4),
        ("sys;hook;bpf_trampoline;hook;check", 4),
        ("sys;hook;bpf_trampoline;ima", 67),
    ];
    assert_eq!(split(&[without], called), [38, 0, 0, 0]);
    // The trampoline is reached by a jump of the function.
    let jumped: &[(&str, u64)] = &[
        ("sys", 9),
        ("sys;hook", 1),
        ("sys;bpf_trampoline", 30),
        ("sys;bpf_trampoline;enter", 8),
        ("sys;bpf_trampoline;hook", 4),
        ("sys;bpf_trampoline;hook;check", 4),
        ("sys;bpf_trampoline;ima", 67),
    ];
    assert_eq!(split(&[without], jumped), [38, 0, 0, 0]);
}

#[test]
fn what_a_trampoline_calls_is_its_own_though_its_caller_calls_the_same() {
    let without: &[(&str, u64)] = &[("sys", 9), ("sys;hook", 5), ("sys;unlock", 8)];
    let with = [without, &[("sys;hook;bpf_trampoline", 30), ("sys;hook;bpf_trampoline;unlock", 8)]].concat();
    assert_eq!(split(&[without], &with), [38, 0, 0, 0]);
}

#[test]
fn more_work_on_a_known_path_is_indirect() {
    let operation = [EXEC[0], EXEC[1], ("sys;exec;alloc", 45)];
    assert_eq!(split(&[EXEC], &operation), [0, 0, 0, 15]);
}

#[test]
fn a_rare_path_of_the_baseline_is_no_monitors() {
    let rare = [EXEC[0], EXEC[1], EXEC[2], ("sys;exec;alloc;slow", 500)];
    // The reference is the median.
    assert_eq!(split(&[EXEC, EXEC, &rare], &rare), [0, 0, 0, 500]);
}

#[test]
fn another_way_through_an_allocator_is_indirect_unless_it_leads_into_a_monitor() {
    let found = [("sys;exec;alloc;search", 30), ("sys;exec;alloc;search;deep", 9), ("sys;exec;alloc;bpf", 4)];
    let operation = [EXEC, &found].concat();
    assert_eq!(split(&[EXEC], &operation), [4, 0, 0, 39]);
}

#[test]
fn what_every_operation_does_and_a_refused_one_does_not_is_avoided() {
    let refused = [EXEC[0], ("sys;deny", 5)];
    assert_eq!(split(&[EXEC], &refused), [5, 80, 0, 0]);
}

#[test]
fn interrupts_are_neither_the_monitors_nor_state() {
    let interrupted = [EXEC[0], EXEC[1], EXEC[2], ("sys;exec;irq", 40), ("sys;exec;irq;alloc", 2)];
    assert_eq!(split(&[EXEC], &interrupted), [0, 0, 42, 0]);
    assert_eq!(split(&[&interrupted], EXEC), [0, 0, -42, 0]);
}

#[test]
fn a_caller_is_compared_with_its_most_frequent_cost_and_not_with_the_reference() {
    let [small, large] = [40, 50].map(|exec| [EXEC[0], ("sys;exec", exec), EXEC[2]]);
    // The median operation has 50, two of three have 40.
    let slow = [EXEC[0], ("sys;exec", 40), ("sys;exec;alloc", 90)];
    let operation = [EXEC[0], ("sys;exec", 42), EXEC[2], ("sys;exec;bpf", 7)];
    assert_eq!(split(&[&small, &large, &slow], &operation), [7 + 2, 0, 0, -10]);
}

#[test]
fn a_function_that_its_trampoline_calls_is_the_same_function() {
    let operation = [
        EXEC[0],
        ("sys;exec", 2),
        ("sys;exec;bpf_trampoline", 9),
        ("sys;exec;bpf_trampoline;exec", 49),
        ("sys;exec;bpf_trampoline;exec;alloc", 30),
    ];
    assert_eq!(split(&[EXEC], &operation), [9 + 1, 0, 0, 0]);
}

#[test]
fn the_parts_are_told_by_function_and_names_are_counted() {
    let baseline = Baseline::new(&profile(&[EXEC])).unwrap();
    assert_eq!(baseline.reference(), 90);
    let operation = [EXEC[0], EXEC[1], ("sys;exec;alloc", 25), ("sys;exec;bpf?", 1), ("sys;exec;probe", 3)];
    let split = &baseline.split(&profile(&[&operation]))[0];
    let by_function: Vec<_> =
        split.by_function.iter().map(|((part, name), n)| (*part, &**name, *n)).collect();
    let expected = [(Part::Direct, "bpf?", 1), (Part::Direct, "probe", 3), (Part::Indirect, "alloc", -5)];
    assert_eq!((by_function, split.named, split.on_own_paths), (expected.to_vec(), 3, 4));
}

#[test]
fn the_direct_cost_is_the_median_and_the_smaller_of_two() {
    let splits =
        |all: &[i64]| all.iter().map(|&direct| Split { direct, ..Split::default() }).collect::<Vec<_>>();
    let cost = |all: &[i64]| {
        let Attribution { direct_p50, direct_share: Share { operations, of }, .. } = record(&splits(all))?;
        Some((direct_p50, operations, of))
    };
    assert_eq!(cost(&[]), None);
    assert_eq!(cost(&[3, 1, 3]), Some((3, 2, 3)));
    assert_eq!(cost(&[3, 1]), Some((1, 1, 2)));
}

#[test]
fn without_operations_there_is_no_baseline() {
    assert_eq!(Baseline::new(&Profile::default()).unwrap_err(), EmptyBaseline);
}

/// Any operation of paths with up to four of six functions.
pub(super) fn operations() -> impl Strategy<Value = Vec<Vec<(String, u64)>>> {
    let path = proptest::collection::vec(
        prop_oneof!["[a-d]", Just("irq".into()), Just("bpf".into()), Just("alloc".into())],
        1..5,
    );
    let operation =
        proptest::collection::vec((path.prop_map(|path: Vec<String>| path.join(";")), 0_u64..1000), 0..12);
    proptest::collection::vec(operation, 1..6)
}

pub(super) fn any_profile(operations: &[Vec<(String, u64)>]) -> Profile {
    let borrowed: Vec<Vec<(&str, u64)>> = operations
        .iter()
        .map(|operation| operation.iter().map(|(path, count)| (path.as_str(), *count)).collect())
        .collect();
    profile(&borrowed.iter().map(Vec::as_slice).collect::<Vec<_>>())
}

proptest! {
    #[test]
    fn the_parts_add_up_to_the_difference(baseline in operations(), monitored in operations()) {
        let (of_none, monitored) = (any_profile(&baseline), any_profile(&monitored));
        let baseline = Baseline::new(&of_none).unwrap();
        for (operation, split) in monitored.operations.iter().zip(baseline.split(&monitored)) {
            let difference = Profile::sum(operation) as i64 - baseline.reference() as i64;
            prop_assert_eq!(split.difference(), difference);
            let by_function = |part| split.by_function.iter().filter(|((p, _), _)| *p == part).map(|(_, n)| n).sum();
            let parts: [i64; 4] = [Part::Direct, Part::Avoided, Part::Interrupts, Part::Indirect].map(by_function);
            prop_assert_eq!(parts, [split.direct, split.avoided, split.interrupts, split.indirect]);
            prop_assert!(split.avoided >= 0 && split.named <= split.on_own_paths);
        }
    }

    #[test]
    fn the_baselines_own_operations_have_no_direct_and_no_avoided_part(operations in operations()) {
        let profile = any_profile(&operations);
        for split in Baseline::new(&profile).unwrap().split(&profile) {
            prop_assert_eq!((split.direct, split.avoided), (0, 0));
        }
    }
}
