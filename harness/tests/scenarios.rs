//! Verdicts of scenarios come from what policies do: a policy of each mechanism that attaches to the wrong calls, files
//! or users sees nothing and stops nothing.

use hookbench::scenario::{Ended, ScenarioCell, ScenarioSession};
use hookbench_scenarios::exchange::{Tried, Tries};
use hookbench_scenarios::{Effect, find};

use common::cells::session;

mod common;

/// The ways that the policies are tried on. All policies see or stop the first.
const WAYS: [&str; 3] = ["unshare", "clone3", "root"];

/// Tries the ways under `policy`.
fn tries(session: &ScenarioSession, policy: &str) -> Vec<Tries> {
    let scenario = find("userns").unwrap();
    let cell = ScenarioCell { kernel: "6.1", scenario, policy: policy.parse().unwrap() };
    match session.run(cell, &WAYS.map(String::from)) {
        Ended::Done(Tried { ways, .. }) => ways,
        other => panic!("{cell}: {other:?}"),
    }
}

/// Asserts what `policy` does to `unshare`, and that it lets root through.
fn assert_verdict(session: &ScenarioSession, policy: &str, sees: bool, stops: bool) {
    let tries = tries(session, policy);
    let [unshare, _, root] = &tries[..] else { panic!("{policy}: {tries:?}") };
    let effect = if stops { Effect::NotReached } else { Effect::Reached };
    assert_eq!((unshare.effect, &unshare.invalid), (effect, &None), "{policy}: {unshare:?}");
    assert_eq!(!unshare.records.is_empty(), sees, "{policy}: {unshare:?}");
    assert_eq!((root.effect, root.records.len()), (Effect::Reached, 0), "{policy}: {root:?}");
}

/// A policy of each mechanism, whether it sees the first way, and whether it stops it.
const POLICIES: &[(&str, bool, bool)] = &[
    ("tracepoint+watch", true, false),
    ("tracepoint+kill", true, true),
    ("bpf-lsm+watch", true, false),
    ("bpf-lsm+deny", true, true),
    ("bpf-lsm+kill", true, true),
    ("audit+watch[complete]", true, false),
    ("audit+kill", true, true),
    ("seccomp+deny", false, true),
    ("seccomp+deny[complete]", false, true),
];

#[test]
fn a_policy_that_is_broken_on_purpose_sees_and_stops_nothing() {
    let whole = ScenarioSession::new(session("6.1", common::cells::LONG));
    for &(policy, sees, stops) in POLICIES {
        assert_verdict(&whole, policy, sees, stops);
    }
    let broken = whole.with_broken_policies();
    for &(policy, ..) in POLICIES {
        assert_verdict(&broken, policy, false, false);
    }
}

#[test]
fn the_same_order_has_the_same_answer() {
    let session = ScenarioSession::new(session("6.1", common::cells::LONG));
    for &(policy, ..) in POLICIES {
        assert_eq!(tries(&session, policy), tries(&session, policy), "{policy}");
    }
}
