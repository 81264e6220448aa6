//! Tests of all workloads together: the table, the ways, and the effect of operations that happen and of those that
//! do not. The tests of one workload are in its file.

use std::collections::{BTreeMap, BTreeSet};
use std::io;

use hookbench_model::{Behaviour, DenyScope, Enforcement, Params};

use crate::program::Program;
use crate::way::{PARAMETER, parameter};
use crate::{Denial, Effect, Expected, Idle, Info, Operation, Operations, Timed, Way, WayFacts, Workload};
use crate::{WORKLOADS, find};

const EVERYONE: Enforcement = Enforcement::Denies(DenyScope::Everyone);

#[test]
fn each_workload_has_its_file_or_folder() {
    let parts = [
        "arch",
        "call",
        "child",
        "companion",
        "custom",
        "denial",
        "effect",
        "folder",
        "forker",
        "info",
        "lib",
        "operation",
        "program",
        "shared",
        "slim",
        "stopwatch",
        "tests",
        "unwatched",
        "way",
        "workload",
    ];
    let files: BTreeSet<String> = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/src"))
        .unwrap()
        .map(|entry| entry.unwrap().path().file_stem().unwrap().to_string_lossy().replace('_', "-"))
        .filter(|name| !parts.contains(&name.as_str()))
        .collect();
    let rows: BTreeSet<String> = WORKLOADS.iter().map(|workload| workload.info().name.into()).collect();
    assert_eq!(files, rows);
}

#[test]
fn each_workload_performs_a_known_behaviour() {
    for workload in WORKLOADS {
        let info = workload.info();
        assert!(Behaviour::find(info.behaviour).is_some(), "{} performs an unknown behaviour", info.name);
    }
}

/// Whether the parameter `way` lists exactly the ways of `workload`, and only if it has several.
fn lists_its_ways(workload: &dyn Workload) -> bool {
    let names: Vec<&str> = workload.ways().iter().map(|way| way.facts().name).collect();
    let listed = workload.info().params.iter().find(|param| param.name == PARAMETER);
    match listed {
        Some(param) => names.len() > 1 && param.usual == names,
        None => names.len() == 1,
    }
}

#[test]
fn workloads_with_one_way_have_no_parameter_for_it() {
    for workload in WORKLOADS {
        assert!(lists_its_ways(*workload), "{}", workload.info().name);
    }
    assert!(lists_its_ways(&TwoWays));
    assert!(!lists_its_ways(&UnlistedWays));
}

/// A workload with two ways, which runs shells: by `one` once an operation, by `two` twice. Policies know only the
/// first, and refuse it after five operations.
struct TwoWays;

static TWO_WAYS: Info = Info {
    name: "two-ways",
    behaviour: "exec",
    params: &[parameter(&["one", "two"])],
    samples: 10,
    warmup: 2,
    about: "",
};

impl Workload for TwoWays {
    fn info(&self) -> &Info {
        &TWO_WAYS
    }

    fn ways(&self) -> &[&dyn Way] {
        &[&Shells { name: "one", each: 1 }, &Shells { name: "two", each: 2 }]
    }

    fn denial(&self, params: &Params, enforcement: Enforcement) -> Option<Denial> {
        let all = Denial::of_every_operation(enforcement)?;
        (params.get(PARAMETER) == Some("one")).then_some(Denial { after_operations: 5, ..all })
    }
}

/// The same, without the parameter.
struct UnlistedWays;

impl Workload for UnlistedWays {
    fn info(&self) -> &Info {
        find("null-syscall").unwrap().info()
    }

    fn ways(&self) -> &[&dyn Way] {
        &[&Shells { name: "one", each: 1 }, &Shells { name: "two", each: 2 }]
    }

    fn denial(&self, _: &Params, _: Enforcement) -> Option<Denial> {
        None
    }
}

struct Shells {
    name: &'static str,
    each: u64,
}

impl Way for Shells {
    fn facts(&self) -> WayFacts {
        WayFacts { events: self.each, in_children: true, ..WayFacts::new(self.name) }
    }

    fn prepare(&self, _: &Params, _: Enforcement) -> io::Result<Box<dyn Operation>> {
        let program = Program::new(&["/bin/sh", "-c", "exit 0"], Vec::new())?;
        Ok(Box::new(Running { program, each: self.each, exited: 0 }))
    }

    fn effect(&self, _: &Params, operations: Operations) -> Effect {
        Effect::Exited(operations.passed * self.each)
    }
}

struct Running {
    program: Program,
    each: u64,
    exited: u64,
}

impl Operation for Running {
    fn run_once(&mut self) -> io::Result<Timed> {
        for _ in 0..self.each {
            self.exited += u64::from(self.program.run()?.refused().is_none());
        }
        Ok(Timed { elapsed: 1, refused: None })
    }

    fn effect(&mut self) -> io::Result<Effect> {
        Ok(Effect::Exited(self.exited))
    }
}

fn products(given: &[&str]) -> Result<Vec<Params>, String> {
    let values = given.iter().map(|value| value.to_string()).collect::<Vec<_>>();
    let given: BTreeMap<_, _> =
        if given.is_empty() { BTreeMap::new() } else { [(PARAMETER.into(), values)].into() };
    TWO_WAYS.products(&given).map_err(|error| error.to_string())
}

#[test]
fn a_way_is_a_parameter_like_any_other() {
    let shown = |given| products(given).unwrap().iter().map(Params::to_string).collect::<Vec<_>>();
    assert_eq!(shown(&[]), ["way=one", "way=two"]);
    assert_eq!(shown(&["two"]), ["way=two"]);
    assert_eq!(products(&["three"]).unwrap_err(), "two-ways cannot have way=three; it takes one|two");
    assert_eq!(TWO_WAYS.known(), "way=one|two, auid=unset|0..4294967294");
}

#[test]
fn each_way_has_its_events_its_denial_and_its_effect() {
    let workload: &dyn Workload = &TwoWays;
    let [one, two] = products(&[]).unwrap().try_into().unwrap();
    let expected = |events, effect| Expected { events, at_least: false, effect };
    for (params, enforcement, wanted) in [
        (&one, Enforcement::Observes, expected(12, Some(Effect::Exited(12)))),
        (&two, Enforcement::Observes, expected(24, Some(Effect::Exited(24)))),
        (&one, EVERYONE, expected(12, Some(Effect::Exited(5)))),
        // The policy does not know the second way.
        (&two, EVERYONE, expected(24, Some(Effect::Exited(24)))),
        (&one, Enforcement::Kills, expected(12, None)),
        (&two, Enforcement::Kills, expected(24, Some(Effect::Exited(24)))),
    ] {
        assert_eq!(workload.expected(params, enforcement, 12), wanted, "{params} {enforcement:?}");
    }
}

#[test]
fn a_way_that_does_not_exist_cannot_be_prepared() {
    let workload: &dyn Workload = &TwoWays;
    for params in ["way=three", ""] {
        let params: Params = params.parse().unwrap();
        assert!(workload.way(&params).is_none());
        let error = workload.prepare(&params, Enforcement::Observes).err().unwrap().to_string();
        assert_eq!(error, format!("two-ways has no way [{params}]"));
    }
}

/// The effect that so many operations are expected to have, and the one that they have; idle operations do nothing.
fn effects(workload: &dyn Workload, params: &Params, idle: bool) -> (Option<Effect>, Effect) {
    const OPERATIONS: u64 = 3;
    let mut operation = workload.prepare(params, Enforcement::Observes).unwrap();
    if idle {
        operation = Box::new(Idle::new(operation));
    }
    let mut effect = Effect::Nothing;
    for _ in 0..OPERATIONS {
        operation.arm().unwrap();
        let timed = operation.run_once().unwrap();
        assert_eq!(timed.refused, None);
        assert!(timed.elapsed > 0);
        effect = operation.effect().unwrap();
        operation.settle().unwrap();
    }
    operation.finish().unwrap();
    (workload.expected(params, Enforcement::Observes, OPERATIONS).effect, effect)
}

#[test]
fn operations_have_the_expected_effect_and_idle_ones_do_not() {
    crate::set_noop_path("/bin/true");
    // Not every machine lets every user make a user namespace, mount, or load a module.
    let privileged = ["unshare-burst", "unshare-command", "mount-umount", "module-load"];
    let built_in = WORKLOADS.iter().filter(|workload| !privileged.contains(&workload.info().name));
    for workload in built_in.copied().chain([&TwoWays as &dyn Workload]) {
        let all = workload.info().products(&BTreeMap::new()).unwrap();
        // Another thread of this process would catch the signal.
        for params in all.into_iter().filter(|params| params.get(PARAMETER) != Some("catch")) {
            let (expected, found) = effects(workload, &params, false);
            assert_eq!(expected, Some(found), "{} {params}", workload.info().name);
            let (expected, found) = effects(workload, &params, true);
            assert_ne!(expected, Some(found), "idle {} {params}", workload.info().name);
        }
    }
}

#[test]
fn a_refused_operation_leaves_everything_as_it_was() {
    for (name, params, expected) in [
        ("null-syscall", "", Effect::Returned(220)),
        ("execve-noop", "env_pages=0 ld_preload=ignored", Effect::Exited(0)),
        ("unshare-burst", "as=user", Effect::Namespaces(0)),
        ("unshare-command", "", Effect::Exited(0)),
        ("mprotect-storm", "to=r", Effect::Writable),
        ("mprotect-storm", "to=rw", Effect::Writable),
    ] {
        let params = params.parse().unwrap();
        let workload = find(name).unwrap();
        assert_eq!(workload.expected(&params, EVERYONE, 220).effect, Some(expected), "{name}");
    }
}

#[test]
fn children_can_make_every_flip_again_and_again() {
    let workload = find("mprotect-storm").unwrap();
    for params in ["to=r", "to=rw"] {
        let params = params.parse().unwrap();
        let mut flip = workload.prepare(&params, Enforcement::Kills).unwrap();
        for _ in 0..3 {
            flip.arm().unwrap();
            let timed = flip.run_once().unwrap();
            flip.settle().unwrap();
            assert_eq!(timed.refused, None);
            assert!(timed.elapsed > 0);
        }
    }
}
