//! Claims over made-up results.

use hookbench_results::{Environment, Run};
use serde_json::{Value, json};

use super::*;

const WAYS: [&str; 2] = ["a", "b"];

/// A run in which policies see or stop these ways of a scenario on 6.1.
fn run(scenario: &str, cells: &[(&str, &str, &[&str])]) -> Run {
    let policies = cells.iter().map(|(name, action, _)| {
        json!({"name": name, "about": "", "action": action, "grade": "textbook", "keeps_records": *action == "watch"})
    });
    let ways = WAYS.map(|way| json!({"name": way, "about": "", "allowed": false}));
    let cell = |policy: &str, ways: Vec<Value>| {
        let outcome = json!({"tried": {"attached": [], "ways": ways}});
        json!({"kernel": "6.1", "scenario": scenario, "policy": policy, "outcome": outcome})
    };
    let reached = |way: &str| json!({"way": way, "effect": "reached"});
    let mut all = vec![cell("none", WAYS.map(reached).to_vec())];
    for (policy, action, good) in cells {
        let end = |way: &&str| match (*action, good.contains(way)) {
            ("watch", true) => {
                json!({"way": way, "effect": "reached", "records": [{"what": "x", "object": "none"}]})
            }
            (_, true) => json!({"way": way, "effect": "not-reached", "errno": 1}),
            (_, false) => reached(way),
        };
        all.push(cell(policy, WAYS.iter().map(end).collect()));
    }
    Run {
        schema: 1,
        plan: "scenarios".into(),
        shard: None,
        environment: Environment {
            policies: serde_json::from_value(policies.collect()).unwrap(),
            scenarios: serde_json::from_value(
                json!([{"name": scenario, "about": "", "effect": "", "ways": ways}]),
            )
            .unwrap(),
            ..Environment::default()
        },
        measurements: Vec::new(),
        scenarios: serde_json::from_value(all.into()).unwrap(),
    }
}

fn outcome(says: &str, run: &Run, experiments: Value) -> Outcome {
    let evidence = Evidence::new(run, serde_json::from_value(experiments).unwrap());
    let claim = CLAIMS.iter().find(|claim| claim.says.contains(says)).unwrap();
    (claim.judge)(&evidence)
}

#[test]
fn results_without_scenarios_tell_nothing() {
    let run = Run { scenarios: Vec::new(), ..run("userns", &[]) };
    let evidence = Evidence::new(&run, Experiments::default());
    for claim in CLAIMS {
        let outcome = (claim.judge)(&evidence);
        assert_eq!((outcome.standing, outcome.found.len()), (Standing::NotMeasured, 0), "{}", claim.says);
    }
}

#[test]
fn a_claim_turns_with_what_policies_see_and_stop() {
    let sees = |system_calls: &'static [&'static str], hook: &'static [&'static str]| {
        let cells = [("tracepoint+watch", "watch", system_calls), ("bpf-lsm+watch", "watch", hook)];
        outcome("by several system calls", &run("userns", &cells), json!({}))
    };
    let more = sees(&["a"], &["a", "b"]);
    assert_eq!(more.standing, Standing::Agrees);
    assert_eq!(more.found, ["On 6.1: `userns`: tracepoint+watch 1 of 2, bpf-lsm+watch 2 of 2."]);
    assert_eq!(sees(&["a", "b"], &["a"]).standing, Standing::Disagrees);

    let denies = |stopped: &'static [&'static str]| {
        let cells = [("bpf-lsm+watch", "watch", &["a", "b"][..]), ("bpf-lsm+deny", "deny", stopped)];
        outcome("can allow or deny", &run("userns", &cells), json!({}))
    };
    assert_eq!(denies(&["a", "b"]).standing, Standing::Agrees);
    let passed = denies(&["a"]);
    assert_eq!(passed.standing, Standing::Disagrees);
    assert!(passed.found[0].contains("the hook sees `userns/b`"), "{:?}", passed.found);
}

#[test]
fn a_claim_about_all_ways_agrees_in_part_and_names_the_others() {
    let denied = |stopped: &'static [&'static str]| {
        outcome(
            "Unprivileged user namespaces",
            &run("userns", &[("bpf-lsm+deny", "deny", stopped)]),
            json!({}),
        )
    };
    assert_eq!(denied(&["a", "b"]).standing, Standing::Agrees);
    let one = denied(&["b"]);
    assert_eq!(one.standing, Standing::InPart);
    assert_eq!(one.found, ["On 6.1: bpf-lsm+deny has 1 of 2 ways. Not: `a`."]);
    assert_eq!(one.cells, ["6.1/userns/bpf-lsm+deny"]);
    assert_eq!(denied(&[]).standing, Standing::Disagrees);
}

#[test]
fn claims_about_experiments_follow_from_what_these_printed() {
    let run = run("userns", &[]);
    let attached = |bpf: bool| {
        let tries = json!([{"capabilities": "CAP_BPF+CAP_PERFMON", "attached": bpf}]);
        json!({"privileges": [{"kernel": "6.1", "policy": "bpf-lsm+deny", "found": tries}]})
    };
    assert_eq!(outcome("needs CAP_SYS_ADMIN", &run, attached(true)).standing, Standing::Disagrees);
    assert_eq!(outcome("needs CAP_SYS_ADMIN", &run, attached(false)).standing, Standing::Agrees);
    let applied = |bpf: u64| {
        let one = |policy: &str, refused: u64| {
            let found = json!({"applied": 1, "apply_work": 1, "refused": refused, "reaches_running": true,
                               "undo_work": 1, "survives_agent": false});
            json!({"kernel": "6.1", "policy": policy, "found": found})
        };
        json!({"mitigations": [one("bpf-lsm+deny", bpf), one("seccomp+deny", 500)]})
    };
    assert_eq!(outcome("quick to put in place", &run, applied(400)).standing, Standing::Agrees);
    let slow = outcome("quick to put in place", &run, applied(600));
    assert_eq!(slow.standing, Standing::Disagrees);
    assert!(slow.found[0].ends_with("seccomp+deny 500, bpf-lsm+deny 600."), "{:?}", slow.found);
}

#[test]
fn audit_reacts_slower_if_each_chain_with_it_does_for_every_caller() {
    let run = run("userns", &[]);
    let reacted = |audit: u64| {
        let one = |chain: &str, refused: u64| {
            let reaction = |caller| json!({"caller": caller, "refused": refused, "passed": 3});
            let tries = ["busy", "rested", "resting"].map(reaction);
            let found = json!({"tries": tries});
            json!({"kernel": "6.1", "chain": chain, "found": found})
        };
        json!({"reactions": [one("bpf-map", 20), one("audit-kill", 90), one("audit-bpf", audit)]})
    };
    let slower = outcome("reacts more slowly", &run, reacted(21));
    assert_eq!(slower.standing, Standing::Agrees);
    assert!(
        slower.found[0].contains("a busy caller is refused after bpf-map 20 (3 passed)"),
        "{:?}",
        slower.found
    );
    assert_eq!(outcome("reacts more slowly", &run, reacted(20)).standing, Standing::Disagrees);
}

#[test]
fn a_kernel_on_which_no_way_works_tests_nothing() {
    let mut run =
        run("module", &[("bpf-lsm+deny[complete]", "deny", &[]), ("bpf-lsm+kill[complete]", "kill", &[])]);
    let nothing = WAYS.map(|way| json!({"way": way, "effect": "not-reached", "errno": 38}));
    let outcome_of = json!({"tried": {"attached": [], "ways": nothing}});
    for cell in &mut run.scenarios {
        cell.outcome = serde_json::from_value(outcome_of.clone()).unwrap();
    }
    assert_eq!(outcome("more precise", &run, json!({})).standing, Standing::NotMeasured);
}
