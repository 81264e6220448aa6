//! USB drives, in guests of the generic kernel, which has USB: what is mounted after start-up is a drive of the kernel's
//! own USB stack, and a policy that looks at the bus stops it and lets other disks through.

use hookbench::scenario::{Ended, ScenarioCell, ScenarioSession};
use hookbench_scenarios::exchange::{Tried, Tries};
use hookbench_scenarios::{Effect, Kind, find};

use common::cells::{LONG, session};

mod common;

/// Tries all ways of `usb` on `kernel` under `policy`.
fn outcome(session: &ScenarioSession, kernel: &str, policy: &str) -> Ended<Tried> {
    let scenario = find("usb").unwrap();
    session.run(ScenarioCell { kernel, scenario, policy: policy.parse().unwrap() }, &[])
}

fn tries(session: &ScenarioSession, policy: &str) -> Vec<Tries> {
    match outcome(session, "6.1-generic", policy) {
        Ended::Done(Tried { ways, .. }) => ways,
        other => panic!("{policy}: {other:?}"),
    }
}

/// The names of the ways of this kind that have the effect.
fn that_work(tries: &[Tries], kind: Kind) -> Vec<&str> {
    let ways = find("usb").unwrap().ways.iter().filter(|way| way.kind == kind);
    let reached = |name: &&str| {
        tries
            .iter()
            .any(|tries| tries.way == *name && tries.effect == Effect::Reached && tries.invalid.is_none())
    };
    ways.map(|way| way.name).filter(reached).collect()
}

fn names(kind: Kind) -> Vec<&'static str> {
    find("usb").unwrap().ways.iter().filter(|way| way.kind == kind).map(|way| way.name).collect()
}

#[test]
fn only_what_is_on_usb_is_stopped() {
    let session = ScenarioSession::new(session("6.1-generic", LONG));
    let none = tries(&session, "none");
    assert_eq!(that_work(&none, Kind::Forbidden), names(Kind::Forbidden), "{none:#?}");
    let denied = tries(&session, "bpf-lsm+deny[complete]");
    assert!(that_work(&denied, Kind::Forbidden).is_empty(), "{denied:#?}");
    for tried in [none, denied] {
        assert_eq!(that_work(&tried, Kind::Allowed), names(Kind::Allowed), "{tried:#?}");
    }
    let watched = tries(&session, "bpf-lsm+watch[complete]");
    let seen: Vec<&str> =
        watched.iter().filter(|tries| !tries.records.is_empty()).map(|tries| &*tries.way).collect();
    assert_eq!(seen, names(Kind::Forbidden), "{watched:#?}");
}

#[test]
fn a_setting_only_stops_the_drive_that_is_plugged_in_later() {
    let session = ScenarioSession::new(session("6.1-generic", LONG));
    let works = |session: &ScenarioSession| {
        let tried = tries(session, "sysctl+deny");
        that_work(&tried, Kind::Forbidden).into_iter().map(String::from).collect::<Vec<_>>()
    };
    let all = names(Kind::Forbidden);
    let others: Vec<&str> = all.iter().copied().filter(|way| *way != "plugged-later").collect();
    assert_eq!(works(&session), others);
    assert_eq!(works(&session.with_broken_policies()), all);
}

#[test]
fn a_kernel_without_usb_cannot_have_the_scenario() {
    let session = ScenarioSession::new(session("6.1", LONG));
    let Ended::Unsupported(why) = outcome(&session, "6.1", "none") else { panic!() };
    assert_eq!(why, "the kernel was built without CONFIG_USB_DUMMY_HCD");
}
