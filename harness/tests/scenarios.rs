//! Verdicts of scenarios come from what policies do: a policy of each mechanism that attaches to the wrong calls, files
//! or users sees nothing and stops nothing.

use hookbench::scenario::{Ended, ScenarioCell, ScenarioSession};
use hookbench_scenarios::exchange::{Object, Tried, Tries};
use hookbench_scenarios::{Effect, find};

use common::cells::session;

mod common;

/// The ways that the policies are tried on. All policies see or stop the first.
const WAYS: [&str; 3] = ["unshare", "clone3", "root"];

/// The cell of `scenario` under `policy`.
fn cell<'a>(kernel: &'a str, scenario: &str, policy: &str) -> ScenarioCell<'a> {
    ScenarioCell { kernel, scenario: find(scenario).unwrap(), policy: policy.parse().unwrap() }
}

/// Tries `ways` of `scenario` under `policy`.
fn tries_of(session: &ScenarioSession, scenario: &str, policy: &str, ways: &[&str]) -> Vec<Tries> {
    tries_in(session, cell("6.1", scenario, policy), ways)
}

/// Tries `ways` of `cell`.
fn tries_in(session: &ScenarioSession, cell: ScenarioCell<'_>, ways: &[&str]) -> Vec<Tries> {
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
    ("selinux+deny", true, true),
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
const POLICIES_OF_FILES: &[(&str, bool)] =
    &[("apparmor+deny", true), ("fanotify+deny", true), ("landlock+deny", false), ("selinux+deny", true)];

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
fn kprobe_events_see_calls_by_their_right_names_and_cannot_spare_root() {
    let whole = ScenarioSession::new(session("6.1", common::cells::LONG));
    let [unshare, clone3, root] = &tries(&whole, "kprobe+watch[complete]")[..] else { panic!() };
    for (tries, name) in [(unshare, "unshare"), (clone3, "clone3"), (root, "unshare")] {
        let names: Vec<&str> = tries.records.iter().map(|record| &*record.what).collect();
        assert_eq!((tries.effect, names), (Effect::Reached, vec![name]), "{tries:?}");
    }
    let opened = |session: &ScenarioSession| {
        tries_of(session, "read-secret", "kprobe+watch", &["openat", "other-file", "int80-open"])
    };
    let objects = |tries: &Tries| tries.records.iter().map(|record| record.object).collect::<Vec<_>>();
    // The page with the path of the first way is not in the memory of its process yet.
    assert_eq!(opened(&whole).iter().map(objects).collect::<Vec<_>>(), [vec![Object::Blank], vec![], vec![]]);
    let executed = tries_of(&whole, "exec", "kprobe+watch", &["execve", "symlink"]);
    assert_eq!(executed.iter().map(objects).collect::<Vec<_>>(), [vec![Object::Right], vec![]]);
    let broken = whole.with_broken_policies();
    for tries in tries(&broken, "kprobe+watch").iter().chain(&opened(&broken)) {
        assert_eq!((tries.effect, tries.records.len()), (Effect::Reached, 0), "{tries:?}");
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

/// Cells of security modules: kernel, scenario, policy, and which of these ways it stops.
type Row = (&'static str, &'static str, &'static str, &'static [(&'static str, bool)]);
const SECURITY_MODULES: &[Row] = &[
    (
        "5.10",
        "read-secret",
        "apparmor+deny",
        &[("openat", true), ("hard-link", false), ("other-file", false)],
    ),
    ("5.10", "read-secret", "selinux+deny", &[("openat", true), ("hard-link", true), ("other-file", false)]),
    ("5.10", "connect", "selinux+deny", &[("connect", true), ("fast-open-sendto", false), ("answer", false)]),
    ("6.1", "connect", "selinux+deny", &[("connect", true), ("fast-open-sendto", true), ("answer", false)]),
    ("6.1", "exec", "apparmor+deny[complete]", &[("execve", true), ("loader", true), ("script", false)]),
    ("6.1", "exec", "selinux+deny", &[("script", true), ("core-pattern", true), ("same-path", false)]),
    ("6.1", "mount", "selinux+deny", &[("fsopen", true), ("user-tmpfs", true), ("root-tmpfs", false)]),
    ("6.1", "module", "selinux+deny", &[("finit-module", true), ("request-socket", true), ("listed", false)]),
    ("7.3", "userns", "apparmor+deny", &[("unshare", true), ("int80-clone", true), ("root", false)]),
    // AppArmor lets the log be opened to append, and refuses to write to it.
    (
        "7.3",
        "evidence",
        "apparmor+deny[complete]",
        &[("truncate", true), ("append", true), ("other-file", false)],
    ),
    (
        "7.3",
        "evidence",
        "selinux+deny",
        &[("truncate", true), ("append-punch-hole", false), ("append", false)],
    ),
    (
        "7.3",
        "environment",
        "apparmor+deny",
        &[("ld-preload", true), ("int80-execve", true), ("other-names", false)],
    ),
    (
        "7.3",
        "environment",
        "selinux+deny",
        &[("ld-preload", true), ("fresh-page", true), ("other-names", false)],
    ),
];

#[test]
fn security_modules_know_paths_or_labels_and_neighbours_pass() {
    for kernel in ["5.10", "6.1", "7.3"] {
        let session = ScenarioSession::new(session(kernel, common::cells::LONG));
        for &(_, scenario, policy, expected) in SECURITY_MODULES.iter().filter(|row| row.0 == kernel) {
            let ways: Vec<&str> = expected.iter().map(|(way, _)| *way).collect();
            let tries = tries_in(&session, cell(kernel, scenario, policy), &ways);
            assert_eq!(tries.len(), expected.len());
            for tries in tries {
                let &(_, is_stopped) = expected.iter().find(|(way, _)| *way == tries.way).unwrap();
                let effect = if is_stopped { Effect::NotReached } else { Effect::Reached };
                let context = || format!("{kernel} {scenario} {policy}: {tries:?}");
                assert_eq!((tries.effect, &tries.invalid), (effect, &None), "{}", context());
                // What stops a variable is not refused, so there is no record.
                let has_record = is_stopped && scenario != "environment";
                assert_eq!(!tries.records.is_empty(), has_record, "{}", context());
            }
        }
    }
}

#[test]
fn a_security_module_without_rules_on_user_namespaces_is_unsupported() {
    let whole = ScenarioSession::new(session("6.1", common::cells::LONG));
    let ended = whole.run(cell("6.1", "userns", "apparmor+deny"), &[]);
    assert!(matches!(&ended, Ended::Unsupported(why) if why.contains("does not know")), "{ended:?}");
    let ended = whole.run(cell("6.1", "self-delete", "selinux+deny"), &[]);
    assert!(matches!(&ended, Ended::Unsupported(why) if why.contains("no rules")), "{ended:?}");
}

#[test]
fn a_policy_of_a_security_module_takes_the_place_of_one_that_denies_nothing() {
    let session = ScenarioSession::new(session("7.3", common::cells::LONG));
    for policy in ["apparmor+deny", "selinux+deny"] {
        let ended = session.mitigate("7.3", policy.parse().unwrap());
        let Ended::Done(found) = &ended else { panic!("{policy}: {ended:?}") };
        assert!(found.refused.is_some() && found.undone.is_some(), "{policy}: {found:?}");
        assert!(found.reaches_running && found.survives_agent, "{policy}: {found:?}");
    }
}

#[test]
fn records_that_are_lost_in_a_flood_are_a_result() {
    let session = ScenarioSession::new(session("6.1", common::cells::LONG));
    let tries = |policy| tries_of(&session, "tamper", policy, &["untouched", "flood"]);
    let [untouched, flood] = &tries("tracepoint+watch")[..] else { panic!() };
    assert_eq!((untouched.records.len(), untouched.lost), (1, None), "{untouched:?}");
    assert_eq!((flood.records.len(), flood.effect), (0, Effect::Reached), "{flood:?}");
    assert!(flood.lost.is_some_and(|lost| lost > 1_000), "{flood:?}");
    // The harmless calls are no events of the hook.
    let [_, flood] = &tries("bpf-lsm+watch")[..] else { panic!() };
    assert_eq!((flood.records.len(), flood.lost), (1, None), "{flood:?}");
}

#[test]
fn an_agent_that_is_killed_takes_bpf_policies_with_it_and_one_that_is_stopped_does_not() {
    let whole = ScenarioSession::new(session("6.1", common::cells::LONG));
    let effects = |session: &ScenarioSession, policy| {
        let tries = tries_of(session, "tamper", policy, &["agent-stop", "agent-kill"]);
        tries.iter().map(|tries| tries.effect).collect::<Vec<_>>()
    };
    let (stopped, reached) = (Effect::NotReached, Effect::Reached);
    assert_eq!(effects(&whole, "bpf-lsm+deny"), [stopped, reached]);
    assert_eq!(effects(&whole, "sysctl+deny"), [stopped, stopped]);
    assert_eq!(effects(&whole, "audit+kill"), [reached, reached]);
    assert_eq!(effects(&whole.with_broken_policies(), "bpf-lsm+deny"), [reached, reached]);
}
