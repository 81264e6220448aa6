//! Tests of advice, over small runs as JSON.

use hookbench_model::measurement::Refused;
use hookbench_model::{Attribution, Measured, Outcome};
use hookbench_results::Run;
use serde_json::{Value, json};

use super::*;
use crate::fixture;
use crate::scenario::tests::{cell, reached, run};

fn seen(way: &str, object: &str) -> Value {
    json!({"way": way, "effect": "reached", "records": [{"what": "x", "object": object}]})
}

/// A way that a policy refused and recorded.
fn denied(way: &str) -> Value {
    let records = json!([{"what": "x", "object": "right"}]);
    json!({"way": way, "effect": "not-reached", "errno": 1, "records": records})
}

/// A run on 6.1, in which the ways `a`, `b` and the neighbour `root` work.
fn run_of(cells: &[(&str, Value)]) -> Run {
    let none = ("none", json!([reached("a"), reached("b"), reached("root")]));
    let cells = [none].iter().chain(cells).map(|(policy, ways)| cell("6.1", policy, ways.clone())).collect();
    run(cells)
}

/// Costs by the names of policies, of an operation with 10,000 instructions.
struct Known(&'static [(&'static str, i64)]);

impl CostSource for Known {
    fn costs(&self, kernel: &str, _: &str, policy: &str) -> Vec<Cost> {
        let of_policy = self.0.iter().filter(|(name, _)| *name == policy);
        let cell = || [format!("{kernel}/{policy}")];
        of_policy.map(|(_, hook)| Cost::new(*hook, 10_000, CostOf::Policy, cell())).collect()
    }
}

const NO_COSTS: Known = Known(&[]);

fn ask(runs: &[Run], verbs: &str, costs: &Known, max_cost: Option<&str>) -> Advice {
    let scenario = [String::from("userns")];
    let (watch, deny): (&[String], &[String]) = (
        if verbs.contains("watch") { &scenario } else { &[] },
        if verbs.contains("deny") { &scenario } else { &[] },
    );
    let max_cost = max_cost.map(|text| text.parse().unwrap());
    let question = Question { kernels: kernels(runs), goals: Goal::all(watch, deny), max_cost };
    Advice::new(question, &Evidence::new(runs), &[costs])
}

/// The answer to a question about one kernel.
fn answer(runs: &[Run], verbs: &str) -> Answer {
    ask(runs, verbs, &NO_COSTS, None).answers.remove(0)
}

fn policies(candidates: &[Candidate]) -> Vec<&str> {
    candidates.iter().map(|candidate| &*candidate.policy).collect()
}

fn reasons<'a>(answer: &'a Answer, policy: &str) -> &'a [Reason] {
    &answer.others.iter().find(|candidate| candidate.policy == policy).unwrap().reasons
}

fn ways(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| name.to_string()).collect()
}

#[test]
fn a_watcher_qualifies_if_it_sees_each_way_and_others_say_which_they_miss() {
    let run = run_of(&[
        ("x+watch", json!([seen("a", "right"), seen("b", "none"), reached("root")])),
        ("y+watch", json!([seen("a", "wrong-name"), reached("b"), seen("root", "none")])),
        ("x+deny", json!([denied("a"), denied("b"), reached("root")])),
    ]);
    let answer = answer(&[run], "watch");
    assert_eq!(policies(&answer.qualifying), ["x+watch"]);
    let found = &answer.qualifying[0];
    assert_eq!((&*found.cell, &found.unnamed), ("6.1/userns/x+watch", &ways(&["b"])));
    assert_eq!(found.sees, Some(Covered { ways: ways(&["a", "b"]), of: 2 }));
    let not_seen = |verdict: &str, way: &str| Reason::NotSeen { verdict: verdict.into(), ways: ways(&[way]) };
    assert_eq!(reasons(&answer, "y+watch"), [not_seen("wrong name", "a"), not_seen("missed", "b")]);
    assert_eq!(answer.others[0].false_alarms, ways(&["root"]));
    assert_eq!(reasons(&answer, "x+deny"), [Reason::Stops]);
    assert!(answer.is_met() && answer.nearest.is_empty() && answer.nobody_sees.is_empty());
}

#[test]
fn a_neighbour_that_is_recorded_under_a_wrong_name_is_a_false_alarm_too() {
    let ways_of = |object| json!([seen("a", "right"), seen("b", "right"), seen("root", object)]);
    for object in ["right", "none", "wrong-name"] {
        let answer = answer(&[run_of(&[("x+watch", ways_of(object))])], "watch");
        assert_eq!(answer.qualifying[0].false_alarms, ways(&["root"]), "{object}");
    }
}

#[test]
fn a_denier_qualifies_if_it_stops_each_way_and_no_neighbour() {
    let late = json!({"way": "b", "effect": "reached", "signal": 9});
    let broken = json!({"way": "root", "effect": "not-reached", "errno": 1});
    let run = run_of(&[
        ("x+watch", json!([seen("a", "right"), seen("b", "right"), reached("root")])),
        ("x+deny", json!([denied("a"), denied("b"), reached("root")])),
        ("x+kill", json!([denied("a"), late, reached("root")])),
        ("filter+deny", json!([denied("a"), denied("b"), broken])),
    ]);
    let answer = answer(&[run], "deny");
    assert_eq!(policies(&answer.qualifying), ["x+deny"]);
    assert_eq!(policies(&answer.others), ["filter+deny", "x+kill", "x+watch"]);
    assert_eq!(reasons(&answer, "filter+deny"), [Reason::Breaks { ways: ways(&["root"]) }]);
    let late = Reason::NotStopped { verdict: "killed after".into(), ways: ways(&["b"]) };
    assert_eq!(reasons(&answer, "x+kill"), [late]);
    assert_eq!(reasons(&answer, "x+watch"), [Reason::OnlyWatches]);
}

#[test]
fn without_a_policy_that_qualifies_two_may_reach_the_goal_together() {
    let run = run_of(&[
        ("x+watch", json!([seen("a", "right"), reached("b"), reached("root")])),
        ("y+watch", json!([reached("a"), seen("b", "right"), reached("root")])),
        ("filter+deny", json!([denied("a"), denied("b"), reached("root")])),
    ]);
    let runs = [run];
    let watch = answer(&runs, "watch");
    assert!(watch.qualifying.is_empty() && watch.is_met());
    assert_eq!(watch.pairs.len(), 1);
    assert_eq!(watch.pairs[0].policies, ["x+watch", "y+watch"].map(String::from));
    assert_eq!(watch.nearest, ["x+watch"]);
    // Nobody sees both ways, so no pair both sees and stops them.
    let both = answer(&runs, "watch and deny");
    assert!(both.pairs.is_empty() && !both.is_met());
    assert_eq!(reasons(&both, "filter+deny"), [Reason::NoRecords]);
    let costs = Known(&[("x+watch", 60), ("y+watch", 50)]);
    let pairs = |most| ask(&runs, "watch", &costs, Some(most)).answers.remove(0).pairs;
    let cost = pairs("1.1%").remove(0).cost.unwrap();
    // The cheaper one comes first.
    assert_eq!((cost.instructions, cost.cells), (110, vec!["6.1/y+watch".into(), "6.1/x+watch".into()]));
    assert!(pairs("109").is_empty());
}

#[test]
fn a_policy_that_records_and_one_that_refuses_are_a_pair() {
    let run = run_of(&[
        ("x+watch", json!([seen("a", "right"), seen("b", "right"), reached("root")])),
        ("filter+deny", json!([denied("a"), denied("b"), reached("root")])),
    ]);
    let answer = answer(&[run], "watch and deny");
    assert_eq!(answer.pairs[0].cells, ["6.1/userns/x+watch", "6.1/userns/filter+deny"].map(String::from));
    assert_eq!(reasons(&answer, "x+watch"), [Reason::OnlyWatches]);
}

#[test]
fn a_largest_cost_leaves_out_what_costs_more_and_what_was_not_measured() {
    let all = |first: Value| json!([first, denied("b"), reached("root")]);
    let run = run_of(&[
        ("x+deny", all(denied("a"))),
        ("x+kill", all(denied("a"))),
        ("filter+deny", all(denied("a"))),
    ]);
    let runs = [run];
    let costs = Known(&[("filter+deny", 200), ("x+deny", 201), ("x+kill", 5)]);
    let order = |most| {
        let answer = ask(&runs, "deny", &costs, most).answers.remove(0);
        policies(&answer.qualifying).join(" ")
    };
    // A policy that kills comes last, however little it costs.
    assert_eq!(order(None), "filter+deny x+deny x+kill");
    assert_eq!(order(Some("2%")), "filter+deny x+kill");
    let few = ask(&runs, "deny", &Known(&[("x+deny", 201)]), Some("200")).answers.remove(0);
    assert!(few.qualifying.is_empty() && !few.is_met());
    assert_eq!(reasons(&few, "x+deny"), [Reason::TooExpensive]);
    assert_eq!(reasons(&few, "x+kill"), [Reason::CostUnknown]);
}

#[test]
fn the_nearest_that_stops_no_neighbour_is_named_too() {
    let broken = json!({"way": "root", "effect": "not-reached", "errno": 1});
    let run = run_of(&[
        ("x+deny", json!([denied("a"), denied("b"), broken])),
        ("filter+deny", json!([denied("a"), reached("b"), reached("root")])),
    ]);
    let answer = answer(&[run], "deny");
    assert_eq!(answer.nearest, ["x+deny", "filter+deny"]);
    assert!(answer.nobody_stops.is_empty() && !answer.is_met());
}

#[test]
fn ways_that_nobody_sees_and_cells_without_verdicts_are_named() {
    let mut run = run_of(&[("x+watch", json!([seen("a", "none"), reached("b"), reached("root")]))]);
    let unsupported = json!({
        "kernel": "6.1", "scenario": "userns", "policy": "y+watch", "outcome": {"unsupported": "no BTF"}
    });
    run.scenarios.push(serde_json::from_value(unsupported).unwrap());
    let answer = answer(&[run], "watch");
    assert_eq!((&answer.works, &answer.nobody_sees), (&ways(&["a", "b"]), &ways(&["b"])));
    assert_eq!(reasons(&answer, "y+watch"), [Reason::Unsupported("no BTF".into())]);
}

#[test]
fn a_way_that_another_run_tried_counts_too() {
    let all = json!([seen("a", "none"), seen("b", "none"), reached("root")]);
    let first = run_of(&[("x+watch", all.clone()), ("y+watch", all)]);
    let second = run(vec![
        cell("6.1", "none", json!([reached("cmd:x")])),
        cell("6.1", "x+watch", json!([reached("cmd:x")])),
    ]);
    assert!(answer(std::slice::from_ref(&first), "watch").is_met());
    let answer = answer(&[first, second], "watch");
    assert_eq!((&answer.works, &answer.nobody_sees), (&ways(&["a", "b", "cmd:x"]), &ways(&["cmd:x"])));
    assert_eq!(reasons(&answer, "y+watch"), [Reason::Unjudged { ways: ways(&["cmd:x"]) }]);
    assert!(!answer.is_met());
}

#[test]
fn a_way_without_a_verdict_keeps_a_policy_from_qualifying_unless_it_is_invalid_under_none() {
    let invalid = |way: &str| json!({"way": way, "effect": "not-reached", "invalid": "it did not end"});
    let watch = |none: Value, tried: Value| {
        let run = run(vec![
            cell("6.1", "none", json!([reached("a"), none])),
            cell("6.1", "x+watch", json!([seen("a", "none"), tried])),
        ]);
        answer(&[run], "watch")
    };
    let broken = watch(reached("b"), invalid("b"));
    assert_eq!(reasons(&broken, "x+watch"), [Reason::Unjudged { ways: ways(&["b"]) }]);
    let unknown = watch(invalid("b"), invalid("b"));
    assert_eq!((policies(&unknown.qualifying), &unknown.unknown), (vec!["x+watch"], &ways(&["b"])));
}

#[test]
fn a_mechanism_that_qualifies_on_each_kernel_is_named() {
    let all = |kernel: &str, policy: &str, way: Value| cell(kernel, policy, json!([way]));
    let both = |last: Value| {
        run(vec![
            all("6.1", "none", reached("a")),
            all("6.1", "x+watch", seen("a", "none")),
            all("6.1", "y+watch", seen("a", "none")),
            all("7.3", "none", reached("a")),
            all("7.3", "x+watch", seen("a", "none")),
            all("7.3", "y+watch", last),
        ])
    };
    let everywhere = |run: Run| ask(&[run], "watch", &NO_COSTS, None).everywhere;
    let names = |found: &[Everywhere]| found.iter().map(|one| one.mechanism.clone()).collect::<Vec<_>>();
    assert_eq!(names(&everywhere(both(seen("a", "none")))), ["x", "y"]);
    let one = everywhere(both(reached("a")));
    assert_eq!(names(&one), ["x"]);
    assert_eq!(one[0].cells, ["6.1/userns/x+watch", "7.3/userns/x+watch"]);
}

#[test]
fn the_cost_of_a_policy_is_that_of_the_monitor_where_it_lets_the_operation_through() {
    let mut refusing = Measured { samples: vec![900], ..Measured::default() };
    refusing.attribution = Some(Attribution { direct_p50: 7, ..Attribution::default() });
    refusing.refused = Some(Refused { operations: 1, errno: "EPERM".into(), happened: None });
    let run = fixture::run(vec![
        fixture::measured("none", &[1_000]),
        fixture::attributed("bpf-lsm+ringbuf", 1_070, 50),
        fixture::with("bpf-lsm+deny", Outcome::Measured(refusing)),
    ]);
    let runs = [run];
    let costs = OfMonitors::new(&runs);
    let cost = costs.costs("6.1", "execmem", "bpf-lsm+watch").remove(0);
    assert_eq!((cost.instructions, cost.operation, cost.percent), (50, 1_000, Some(5.0)));
    assert_eq!((cost.side_effects, cost.at_least), (Some(20), false));
    assert_eq!(cost.cells, ["6.1/tcg/mprotect-storm[to=r]/paced/bpf-lsm+ringbuf"]);
    assert!(costs.costs("6.1", "execmem", "bpf-lsm+watch[complete]")[0].at_least);
    for (kernel, scenario, policy) in [
        ("6.1", "execmem", "bpf-lsm+deny"),
        ("6.1", "execmem", "sysctl+deny"),
        ("6.1", "userns", "bpf-lsm+watch"),
        ("7.3", "execmem", "bpf-lsm+watch"),
        ("6.1", "connect", "bpf-lsm+watch"),
    ] {
        assert_eq!(costs.costs(kernel, scenario, policy), [], "{kernel}/{scenario}/{policy}");
    }
}

#[test]
fn the_cost_of_a_policy_is_what_it_costs_its_neighbours_the_largest_first() {
    let price = |way: &str, hook: i64| {
        let parts = Attribution { direct_p50: hook, ..Attribution::default() };
        json!({"way": way, "cost": {"operation": 1_000, "parts": parts}})
    };
    let mut run = run_of(&[("x+watch", json!([seen("a", "none")]))]);
    let with = |prices: Value| {
        let ways = json!([seen("a", "none")]);
        let cell = json!({
            "kernel": "6.1", "scenario": "userns", "policy": "x+watch",
            "outcome": {"tried": {"attached": [], "ways": ways, "prices": prices}}
        });
        serde_json::from_value(cell).unwrap()
    };
    let unknown = json!({"way": "setns", "why": "it is broken"});
    run.scenarios[1] = with(json!([price("root", 20), price("fork", 30), unknown]));
    let runs = [run_of(&[("x+watch", json!([seen("a", "none")]))]), run];
    let costs = OfPrices::new(&runs).costs("6.1", "userns", "x+watch");
    let shown: Vec<_> = costs.iter().map(|cost| (cost.instructions, &*cost.cells[0])).collect();
    assert_eq!(shown, [(30, "6.1/userns/x+watch/fork"), (20, "6.1/userns/x+watch/root")]);
    assert!(OfPrices::new(&runs).costs("6.1", "userns", "none").is_empty());
}

#[test]
fn a_policy_of_hookbench_has_its_file() {
    let file = File::of("userns", "bpf-lsm+deny[complete]").unwrap();
    assert_eq!(file.path.as_deref(), Some("probes/policies/userns/bpf-lsm.bpf.c"));
    assert_eq!(file.command, "hookbench scenario policy userns 'bpf-lsm+deny[complete]'");
    assert_eq!(
        File::of("tamper", "sysctl+deny").unwrap().path.unwrap(),
        "probes/policies/userns/sysctl.conf"
    );
    assert_eq!(File::of("userns", "fmod-ret+deny").unwrap().path, None);
    assert_eq!(File::of("userns", "x+watch"), None);
}
