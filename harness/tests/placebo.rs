//! Placebos in real guests: the monitor leaves no hook and sees nothing, and its cost over the placebo is near what
//! its hook costs.

use common::cells::{LONG, measured, planned, run, session_with};
use hookbench::session::guests::{ExactSession, Needs};
use hookbench_analysis::Summary;
use hookbench_model::{Measured, Outcome, Schedule};
use hookbench_plan::Planned;

mod common;

const KERNEL: &str = "6.12";
/// How far the estimate of a count may be from the hook. What attaching alone changes is ten times as much.
const NEAR: i64 = 150;

fn cell(monitor: &str, placebo: &str) -> Planned {
    let cell = planned(KERNEL, "execve-noop", monitor, &[("placebo", placebo)], Schedule::Paced);
    Planned { samples: 40, ..cell }
}

fn open(monitors: &[&str]) -> ExactSession {
    let cells = monitors.iter().map(|monitor| cell(monitor, "yes").cell).collect();
    session_with(Needs { cells, ..Needs::kernel(KERNEL) }, LONG)
}

fn p50(measured: &Measured) -> i64 {
    Summary::from_samples(&measured.samples).unwrap().p50 as i64
}

#[test]
fn the_difference_from_a_placebo_is_near_the_hook() {
    let session = open(&["bpf-lsm+count"]);
    let [none, monitor, placebo] = [("none", "no"), ("bpf-lsm+count", "no"), ("bpf-lsm+count", "yes")]
        .map(|(monitor, placebo)| measured(&session, &cell(monitor, placebo)));
    let hook = |measured: &Measured| measured.attribution.as_ref().unwrap().direct_p50;
    let (over, added) = (p50(&monitor) - p50(&placebo), p50(&monitor) - p50(&none));
    println!("hook {}, over placebo {over}, added {added}", hook(&monitor));
    assert_eq!((placebo.events.as_ref(), hook(&placebo)), (None, 0));
    assert!(placebo.attach_cost.is_some_and(|cost| cost > 0));
    assert!(monitor.events.as_ref().is_some_and(|events| events.seen == events.expected));
    assert!((over - hook(&monitor)).abs() < NEAR, "hook {}, over placebo {over}", hook(&monitor));
    assert!((added - hook(&monitor)).abs() > NEAR, "added {added} is an estimate as good");
}

#[test]
fn a_placebo_leaves_no_hook_and_refuses_nothing() {
    let monitors = [
        "bpf-lsm+deny",
        "bpf-lsm+kill",
        "kprobe+ringbuf",
        "tracepoint+perfbuf",
        "ftrace+function",
        "fanotify+perm",
    ];
    let session = open(&monitors);
    for monitor in monitors {
        let placebo = measured(&session, &cell(monitor, "yes"));
        assert_eq!((&placebo.events, &placebo.refused), (&None, &None), "{monitor}");
        assert_eq!(placebo.attribution.unwrap().direct_p50, 0, "{monitor}");
    }
}

#[test]
fn a_monitor_that_cannot_be_detached_has_no_placebo() {
    let monitors = ["seccomp+allow", "landlock+fs", "audit+rules", "perf+count", "lsm-cgroup+count"];
    let session = open(&monitors);
    for monitor in monitors {
        let outcome = run(&session, &cell(monitor, "yes"), None);
        let Outcome::Unsupported(why) = outcome else { panic!("{monitor}: {outcome:?}") };
        assert!(why.starts_with(&format!("{monitor} cannot be detached for a placebo: ")), "{why}");
    }
}
