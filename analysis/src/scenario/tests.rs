//! Tests of the verdicts. A run is written as JSON, as a guest answers.

use hookbench_results::{Environment, Run};
use serde_json::{Value, json};

use super::*;
use crate::Comparison;
use crate::gate::{Gate, GateRules};

/// A cell of `userns` with these ways.
pub(crate) fn cell(kernel: &str, policy: &str, ways: Value) -> Value {
    let outcome = json!({"tried": {"attached": [], "ways": ways}});
    json!({"kernel": kernel, "scenario": "userns", "policy": policy, "outcome": outcome})
}

/// A run of these cells. The way `root` is an allowed neighbour.
pub(crate) fn run(cells: Vec<Value>) -> Run {
    let policy = |name: &str, action: &str, keeps: bool| json!({"name": name, "about": "", "action": action, "grade": "textbook", "keeps_records": keeps});
    let way = |name: &str, allowed: bool| json!({"name": name, "about": "", "allowed": allowed});
    let environment = Environment {
        policies: serde_json::from_value(json!([
            policy("x+watch", "watch", true),
            policy("y+watch", "watch", true),
            policy("x+deny", "deny", true),
            policy("x+kill", "kill", true),
            policy("filter+deny", "deny", false)
        ]))
        .unwrap(),
        scenarios: serde_json::from_value(json!([{
            "name": "userns", "about": "", "effect": "", "ways": [way("a", false), way("root", true)]
        }]))
        .unwrap(),
        ..Environment::default()
    };
    Run {
        schema: 1,
        plan: "scenarios".into(),
        shard: None,
        environment,
        measurements: Vec::new(),
        scenarios: serde_json::from_value(Value::Array(cells)).unwrap(),
    }
}

pub(crate) fn reached(way: &str) -> Value {
    json!({"way": way, "effect": "reached"})
}

/// The verdict on the way `a` that ended so under `policy`, in all words.
fn verdict(policy: &str, ended: Value) -> String {
    let run = run(vec![cell("6.1", "none", json!([reached("a")])), cell("6.1", policy, json!([ended]))]);
    Verdicts::new(&run).find("6.1", "userns", policy).unwrap().ways[0].all_words()
}

fn with_record(object: &str) -> Value {
    json!({"way": "a", "effect": "reached", "records": [{"what": "x", "object": object}]})
}

#[test]
fn what_a_policy_saw_follows_from_its_records() {
    for (object, words) in [
        ("right", "seen"),
        ("none", "seen"),
        ("blank", "blank"),
        ("wrong", "wrong object"),
        ("wrong-name", "wrong name"),
    ] {
        assert_eq!(verdict("x+watch", with_record(object)), words);
    }
    assert_eq!(verdict("x+watch", reached("a")), "missed");
    let mut both = with_record("wrong-name");
    both["records"].as_array_mut().unwrap().push(json!({"what": "y", "object": "right"}));
    assert_eq!(verdict("x+watch", both), "seen");
}

#[test]
fn what_a_policy_stopped_follows_from_the_effect() {
    let ended = |effect: &str, errno: Option<i32>, signal: Option<i32>| {
        let ended = json!({"way": "a", "effect": effect, "errno": errno, "signal": signal});
        verdict("filter+deny", ended)
    };
    assert_eq!(ended("not-reached", Some(1), None), "denied EPERM");
    assert_eq!(ended("not-reached", None, None), "stopped");
    assert_eq!(ended("not-reached", None, Some(9)), "killed");
    assert_eq!(ended("reached", None, Some(9)), "killed after");
    assert_eq!(ended("reached", None, None), "not stopped");
    // An error does not matter when the effect is there.
    assert_eq!(ended("reached", Some(1), None), "not stopped");
    assert_eq!(verdict("x+deny", with_record("right")), "not stopped, seen");
}

#[test]
fn a_broken_check_or_a_lost_effect_under_a_watcher_is_neither_a_miss_nor_a_stop() {
    let broken = json!({"way": "a", "effect": "not-reached", "invalid": "it did not end"});
    assert_eq!(verdict("x+deny", broken), "invalid");
    assert_eq!(verdict("x+watch", json!({"way": "a", "effect": "not-reached"})), "invalid");
}

#[test]
fn a_way_that_does_not_work_counts_for_nobody() {
    let not = json!({"way": "a", "effect": "not-reached", "errno": 22});
    let run = run(vec![cell("6.1", "none", json!([not])), cell("6.1", "x+deny", json!([not]))]);
    let verdicts = Verdicts::new(&run);
    let words: Vec<String> = verdicts.cells.iter().map(|cell| cell.ways[0].words()).collect();
    assert_eq!(words, ["does not work here (EINVAL)", "does not work here (EINVAL)"]);
    assert_eq!(verdicts.cells[1].stopped().unwrap(), Coverage::default());
}

#[test]
fn an_allowed_neighbour_is_fine_recorded_or_broken() {
    let neighbour = |ended: Value| {
        let none = cell("6.1", "none", json!([reached("root")]));
        let run = run(vec![none, cell("6.1", "x+deny", json!([ended]))]);
        let verdicts = Verdicts::new(&run);
        let cell = &verdicts.cells[1];
        (cell.ways[0].words(), cell.neighbours().recorded.len(), cell.neighbours().broken.len())
    };
    let recorded = json!({"way": "root", "effect": "reached", "records": [{"what": "x", "object": "none"}]});
    assert_eq!(neighbour(reached("root")), ("fine".into(), 0, 0));
    assert_eq!(neighbour(recorded), ("false alarm".into(), 1, 0));
    let named = |object: &[&str]| {
        let records: Vec<Value> =
            object.iter().map(|object| json!({"what": "x", "object": object})).collect();
        json!({"way": "root", "effect": "reached", "records": records})
    };
    assert_eq!(neighbour(named(&["wrong-name"])), ("false alarm, wrong name".into(), 1, 0));
    assert_eq!(neighbour(named(&["wrong-name", "none"])), ("false alarm".into(), 1, 0));
    let denied = json!({"way": "root", "effect": "not-reached", "errno": 1});
    assert_eq!(neighbour(denied), ("broken: denied EPERM".into(), 0, 1));
}

#[test]
fn without_its_cell_under_none_a_cell_has_no_verdict() {
    let alone = run(vec![cell("6.1", "x+deny", json!([reached("a")]))]);
    assert!(Verdicts::new(&alone).cells.is_empty());
    let mut none = cell("6.1", "none", json!([]));
    none["outcome"] = json!({"unsupported": "no such kernel"});
    let failed = run(vec![none, cell("6.1", "x+deny", json!([reached("a")]))]);
    assert!(Verdicts::new(&failed).cells.is_empty());
}

/// Two kernels: on 6.1 the policy sees the way, on 7.3 it does not.
fn two_kernels() -> Run {
    let none = json!([reached("a"), reached("root")]);
    run(vec![
        cell("6.1", "none", none.clone()),
        cell("6.1", "x+watch", json!([with_record("right"), reached("root")])),
        cell("7.3", "none", none),
        cell("7.3", "x+watch", json!([reached("a"), reached("root")])),
    ])
}

#[test]
fn what_nobody_sees_and_what_differs_is_listed_with_its_kernels() {
    let run = two_kernels();
    let verdicts = Verdicts::new(&run);
    let unseen = nobody_sees(&verdicts);
    assert_eq!(unseen, [Nobody { scenario: "userns", way: "a", kernels: vec!["7.3"], of: 2 }]);
    assert!(nobody_stops(&verdicts).is_empty());
    let differing = differences(&verdicts);
    assert_eq!(differing.len(), 1);
    assert_eq!(differing[0].verdicts, [("seen".into(), vec!["6.1"]), ("missed".into(), vec!["7.3"])]);
}

/// The gate's verdicts on the way `a`, which ends so under `policy` in the two runs.
fn gate(policy: &str, [base, new]: [Value; 2], none: [Value; 2]) -> Vec<String> {
    let [base, new] = [(base, &none[0]), (new, &none[1])].map(|(ended, none)| {
        run(vec![cell("6.1", "none", json!([none])), cell("6.1", policy, json!([ended]))])
    });
    let comparison = Comparison::new(&base, &new);
    let gate = Gate::judge(&comparison, &GateRules::default()).unwrap();
    let line = |way: &crate::gate::WayJudgement| {
        let words = &way.change.words;
        format!("{} {}: {} → {}", way.kind.name(), way.change.name(), words.base, words.new)
    };
    assert_eq!(gate.is_open(), gate.ways.iter().all(|way| way.kind.name() != "regression"));
    gate.ways.iter().map(line).collect()
}

#[test]
fn a_way_that_is_no_longer_seen_or_stopped_is_a_regression() {
    let (seen, missed) = (with_record("right"), reached("a"));
    let works = || [reached("a"), reached("a")];
    assert_eq!(
        gate("x+watch", [seen.clone(), missed.clone()], works()),
        ["regression 6.1/userns/x+watch/a: seen → missed"]
    );
    assert_eq!(
        gate("x+watch", [missed, seen.clone()], works()),
        ["improvement 6.1/userns/x+watch/a: missed → seen"]
    );
    assert!(gate("x+watch", [seen.clone(), seen], works()).is_empty());
    let denied = json!({"way": "a", "effect": "not-reached", "errno": 1});
    let killed = json!({"way": "a", "effect": "not-reached", "signal": 9});
    assert_eq!(
        gate("filter+deny", [denied.clone(), reached("a")], works()),
        ["regression 6.1/userns/filter+deny/a: denied EPERM → not stopped"]
    );
    assert!(gate("filter+deny", [denied, killed], works()).is_empty());
}

#[test]
fn a_way_that_begins_to_work_is_a_hole_unless_the_policy_has_it() {
    let not = json!({"way": "a", "effect": "not-reached", "errno": 22});
    assert_eq!(
        gate("x+watch", [not.clone(), reached("a")], [not.clone(), reached("a")]),
        ["regression 6.1/userns/x+watch/a: does not work here (EINVAL) → missed"]
    );
    assert!(gate("x+watch", [not.clone(), with_record("right")], [not, reached("a")]).is_empty());
}

/// A run in which the policy costs the neighbour `root` so much, in so many of 15 operations.
fn priced(direct: i64, exactly: u32) -> Run {
    let mut denies = cell("6.1", "x+deny", json!([reached("root")]));
    let parts = json!({
        "direct_p50": direct, "direct_share": {"operations": exactly, "of": 15}, "direct_min": 0,
        "direct_max": 90, "avoided_p50": 0, "indirect_p50": 0, "interrupts_p50": 0
    });
    denies["outcome"]["tried"]["prices"] =
        json!([{"way": "root", "cost": {"operation": 1000, "parts": parts}}, {"way": "b", "why": "no"}]);
    run(vec![cell("6.1", "none", json!([reached("root")])), denies])
}

#[test]
fn the_costliest_neighbour_stands_for_the_cell() {
    let run = priced(40, 15);
    let verdicts = Verdicts::new(&run);
    let cell = verdicts.find("6.1", "userns", "x+deny").unwrap();
    let (way, cost) = cell.costliest().unwrap();
    assert_eq!((way, cost.operation, cost.parts.direct_p50), ("root", 1000, 40));
    assert_eq!(cell.price("b").unwrap().why.as_deref(), Some("no"));
    assert_eq!(verdicts.find("6.1", "userns", "none").unwrap().costliest(), None);
}

#[test]
fn a_price_that_rose_is_a_regression_unless_a_limit_allows_it() {
    type Judged = Result<Vec<String>, crate::gate::GateError>;
    let judged = |new: &Run, limits: &[&str]| -> Judged {
        let comparison = Comparison::new(&priced(40, 15), new);
        let limits = limits.iter().map(|limit| limit.parse().unwrap()).collect();
        let gate = Gate::judge(&comparison, &GateRules { limits, allow: Vec::new() })?;
        Ok(gate.ways.iter().map(|way| format!("{} {}", way.kind.name(), way.change.words.new)).collect())
    };
    let words = |words: &str| -> Judged { Ok(vec![words.to_owned()]) };
    let none: Judged = Ok(Vec::new());
    assert_eq!(judged(&priced(40, 15), &[]), none);
    assert_eq!(judged(&priced(41, 15), &[]), words("regression 41 instructions"));
    assert_eq!(judged(&priced(39, 15), &[]), words("improvement 39 instructions"));
    assert_eq!(judged(&priced(41, 15), &["5%"]), none);
    assert_eq!(judged(&priced(43, 15), &["5%"]), words("regression 43 instructions"));
    assert_eq!(
        judged(&priced(43, 15), &["5%", "x+deny=3 instructions"]),
        words("regression 43 instructions")
    );
    assert_eq!(judged(&priced(43, 15), &["6.1/userns/*=10%"]), none);
    assert!(judged(&priced(40, 15), &["6.1/exec/*=10%"]).is_err());
    // Fewer than half of the operations cost that, and the base has operations that cost so much.
    assert_eq!(judged(&priced(41, 7), &[]), none);
}

#[test]
fn a_run_without_prices_is_compared_by_its_verdicts() {
    let mut old = priced(40, 15);
    for cell in &mut old.scenarios {
        if let hookbench_results::ScenarioOutcome::Tried(tried) = &mut cell.outcome {
            tried.prices.clear();
        }
    }
    assert!(Comparison::new(&old, &priced(90, 15)).ways.changed.is_empty());
    assert!(Comparison::new(&priced(90, 15), &old).ways.changed.is_empty());
}
