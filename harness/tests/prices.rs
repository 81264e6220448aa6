//! What policies cost allowed neighbours, in real guests: the prices are what the policies execute, and timing the
//! neighbours changes no verdict.

use hookbench::scenario::{Ended, ScenarioCell, ScenarioSession};
use hookbench::session::guests::{ExactOptions, ExactSession, Needs, Provisions};
use hookbench_scenarios::exchange::{Cost, Price, Tried};
use hookbench_scenarios::find;

use common::cells::session;

mod common;

fn priced() -> ScenarioSession {
    ScenarioSession::new(session("6.1", common::cells::LONG))
}

fn tried(session: &ScenarioSession, scenario: &str, policy: &str) -> Tried {
    let cell =
        ScenarioCell { kernel: "6.1", scenario: find(scenario).unwrap(), policy: policy.parse().unwrap() };
    match session.run(cell, &[]) {
        Ended::Done(tried) => tried,
        other => panic!("{cell}: {other:?}"),
    }
}

/// The cost of `way`, which has to be known.
fn cost<'t>(tried: &'t Tried, way: &str) -> &'t Cost {
    let price = tried.prices.iter().find(|price| price.way == way).unwrap();
    price.cost.as_ref().unwrap_or_else(|| panic!("{price:?}"))
}

fn direct(tried: &Tried, way: &str) -> i64 {
    let Cost { parts, .. } = cost(tried, way);
    assert!(parts.direct_share.fraction() > 0.5, "{way}: {parts:?}");
    parts.direct_p50
}

#[test]
fn a_policy_costs_a_neighbour_what_it_executes_in_it() {
    let session = priced();
    // BPF LSM is called where root makes a namespace, and nowhere else.
    let lsm = tried(&session, "userns", "bpf-lsm+deny");
    assert!((20..2_000).contains(&direct(&lsm, "root")), "{:?}", lsm.prices);
    // The runner has more memory with BPF programs than without, but that costs nothing when a neighbour forks.
    for way in ["setns", "fork", "unshare-files", "int80-fadvise"] {
        assert_eq!(direct(&lsm, way), 0, "{way}: {:?}", lsm.prices);
    }
    // A watcher of all system calls is called in each.
    let tracepoint = tried(&session, "userns", "tracepoint+watch");
    for way in ["root", "setns", "unshare-files", "int80-fadvise"] {
        assert!(direct(&tracepoint, way) > 50, "{way}: {:?}", tracepoint.prices);
    }
    // With the setting, the kernel also looks whether the caller is root.
    let sysctl = tried(&session, "userns", "sysctl+deny");
    for Price { way, .. } in &sysctl.prices {
        let expected = if way == "root" { 1..200 } else { 0..1 };
        assert!(expected.contains(&direct(&sysctl, way)), "{way}: {:?}", sysctl.prices);
    }
    // All neighbours have one; those of a scenario without neighbours are none.
    assert_eq!(sysctl.prices.len(), find("userns").unwrap().neighbours().count());
    assert!(tried(&session, "tamper", "bpf-lsm+deny").prices.is_empty());
}

#[test]
fn an_executed_program_ends_its_section_and_a_broken_neighbour_has_no_price() {
    let session = priced();
    let exec = tried(&session, "exec", "bpf-lsm+deny");
    let elsewhere = cost(&exec, "elsewhere");
    assert!(elsewhere.operation > 20_000 && elsewhere.parts.direct_p50 > 20, "{elsewhere:?}");
    // This setting holds for root, too.
    let sysctl = tried(&session, "userns", "sysctl+deny[complete]");
    let root = sysctl.prices.iter().find(|price| price.way == "root").unwrap();
    assert!(root.cost.is_none() && root.why.as_ref().unwrap().contains("does not work: ENOSPC"), "{root:?}");
    assert_eq!(sysctl.lines, Some(2));
}

#[test]
fn verdicts_do_not_depend_on_prices_and_prices_are_the_same_in_each_guest() {
    let session = priced();
    let options = ExactOptions { attribution: false, ..ExactOptions::default() };
    let provisions = Provisions::fetch(Needs::kernel("6.1"), &|_| ()).unwrap();
    let without = ScenarioSession::new(ExactSession::open(provisions, options).unwrap());
    for policy in ["tracepoint+watch[complete]", "audit+watch", "seccomp+deny"] {
        let (with, plain) = (tried(&session, "ptrace", policy), tried(&without, "ptrace", policy));
        assert!(plain.prices.is_empty() && with.prices.iter().any(|price| price.cost.is_some()), "{with:?}");
        assert_eq!(with.ways, plain.ways, "{policy}");
        assert_eq!(tried(&session, "ptrace", policy), with, "{policy}");
    }
}
