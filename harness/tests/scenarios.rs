//! Verdicts of scenarios come from what policies do: a policy of each mechanism that attaches to the wrong calls, files
//! or users sees nothing and stops nothing.

use hookbench::scenario::{Ended, ScenarioCell, ScenarioSession};
use hookbench_scenarios::exchange::{Object, Tried, Tries};
use hookbench_scenarios::{Effect, find};

use common::cells::session;

mod common;

/// The ways that the policies are tried on. All policies see or stop the first.
const WAYS: [&str; 3] = ["unshare", "clone3", "root"];

/// Tries `ways` of `scenario` under `policy`.
fn tries_of(session: &ScenarioSession, scenario: &str, policy: &str, ways: &[&str]) -> Vec<Tries> {
    let scenario = find(scenario).unwrap();
    let cell = ScenarioCell { kernel: "6.1", scenario, policy: policy.parse().unwrap() };
    let ways: Vec<String> = ways.iter().map(ToString::to_string).collect();
    match session.run(cell, &ways) {
        Ended::Done(Tried { ways, .. }) => ways,
        other => panic!("{cell}: {other:?}"),
    }
}

/// Tries the ways to a user namespace under `policy`.
fn tries(session: &ScenarioSession, policy: &str) -> Vec<Tries> {
    tries_of(session, "userns", policy, &WAYS)
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
    ("fentry+watch", true, false),
    ("fmod-ret+deny", true, true),
    ("sysctl+deny", false, true),
    ("livepatch+deny", false, true),
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

/// Policies about files, and whether they see that the secret is opened.
const POLICIES_OF_FILES: &[(&str, bool)] = &[("fanotify+deny", true), ("landlock+deny", false)];

#[test]
fn a_policy_about_a_file_denies_that_file_and_no_other() {
    let whole = ScenarioSession::new(session("6.1", common::cells::LONG));
    let tries = |session: &ScenarioSession, policy| {
        tries_of(session, "read-secret", policy, &["openat", "other-file"])
    };
    for &(policy, sees) in POLICIES_OF_FILES {
        let [openat, other] = &tries(&whole, policy)[..] else { panic!("{policy}") };
        assert_eq!((openat.effect, !openat.records.is_empty()), (Effect::NotReached, sees), "{policy}");
        assert_eq!((other.effect, other.records.len()), (Effect::Reached, 0), "{policy}");
    }
    let broken = whole.with_broken_policies();
    for &(policy, _) in POLICIES_OF_FILES {
        let [openat, _] = &tries(&broken, policy)[..] else { panic!("{policy}") };
        assert_eq!((openat.effect, openat.records.len()), (Effect::Reached, 0), "{policy}: {openat:?}");
    }
}

#[test]
fn ima_lists_the_program_by_its_path_or_its_hash_and_refuses_what_has_no_label() {
    let whole = ScenarioSession::new(session("6.1", common::cells::LONG));
    let ways = ["execve", "copy", "elsewhere"];
    let tries = |session: &ScenarioSession, policy| tries_of(session, "exec", policy, &ways);
    let seen = |session: &ScenarioSession, policy| -> Vec<bool> {
        tries(session, policy).iter().map(|tries| !tries.records.is_empty()).collect()
    };
    let works = |session: &ScenarioSession, policy| -> Vec<bool> {
        tries(session, policy).iter().map(|tries| tries.effect == Effect::Reached).collect()
    };
    assert_eq!(seen(&whole, "ima+watch"), [true, false, false]);
    assert_eq!(seen(&whole, "ima+watch[complete]"), [true, true, false]);
    assert_eq!(works(&whole, "ima+deny"), [false, false, true]);
    let broken = whole.with_broken_policies();
    assert_eq!(seen(&broken, "ima+watch[complete]"), [false; 3]);
    assert_eq!(works(&broken, "ima+deny"), [true, false, true], "a copy has no label");
}

#[test]
fn a_record_of_audit_names_the_file_and_a_32_bit_call_by_its_own_name() {
    let session = ScenarioSession::new(session("6.1", common::cells::LONG));
    let ways = ["openat", "uring-openat", "hard-link", "proc-mem", "int80-open"];
    let tries = tries_of(&session, "read-secret", "audit+watch[complete]", &ways);
    let said: Vec<_> =
        tries.iter().flat_map(|tries| &tries.records).map(|record| (&*record.what, record.object)).collect();
    let expected = [
        ("openat", Object::Right),
        ("openat", Object::Right),
        ("openat", Object::Right),
        ("openat", Object::Wrong),
        ("open", Object::Right),
    ];
    assert_eq!(said, expected, "{tries:?}");
}

#[test]
fn the_same_order_has_the_same_answer() {
    let session = ScenarioSession::new(session("6.1", common::cells::LONG));
    for &(policy, ..) in POLICIES {
        assert_eq!(tries(&session, policy), tries(&session, policy), "{policy}");
    }
}
