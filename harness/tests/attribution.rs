//! Operations attributed to call paths, in real guests: the plugin changes no number, no instruction is lost, and a
//! monitor's own cost is the same whatever it watches.

use common::cells::{LONG, measured, planned, session_with};
use hookbench::run::runner::spec;
use hookbench::session::guests::{Attributed, ExactOptions, ExactSession, Needs, Provisions};
use hookbench_analysis::attribution::{Baseline, Split, record};
use hookbench_model::{Attribution, Measured, Schedule};
use hookbench_plan::Planned;

mod common;

/// Operations of a monitor, and of the baseline. The rare paths of an execve need several hundred.
const OPERATIONS: u32 = 60;
const OF_BASELINE: u32 = 300;

/// A workload with its parameters.
type Work = (&'static str, &'static [(&'static str, &'static str)]);

const NULL: Work = ("null-syscall", &[]);
const MPROTECT: Work = ("mprotect-storm", &[("to", "r")]);
const UNSHARE: Work = ("unshare-burst", &[("as", "user")]);
const EXECVE: Work = ("execve-noop", &[]);

const MONITORS: [&str; 7] = [
    "bpf-lsm+count",
    "kprobe+count",
    "fentry+ringbuf",
    "seccomp+allow",
    "seccomp+allow-args",
    "audit+rules",
    "module+inline",
];

fn cell(kernel: &str, (workload, params): Work, monitor: &str, samples: u32) -> Planned {
    Planned { samples, ..planned(kernel, workload, monitor, params, Schedule::Paced) }
}

fn open(kernel: &str) -> ExactSession {
    session_with(needs(kernel), LONG)
}

fn open_without_attribution(kernel: &str) -> ExactSession {
    let provisions = Provisions::fetch(needs(kernel), &|message| eprintln!("{message}")).unwrap();
    let options = ExactOptions { budget: LONG, attribution: false, ..ExactOptions::default() };
    ExactSession::open(provisions, options).unwrap()
}

fn needs(kernel: &str) -> Needs {
    let cells = MONITORS.map(|monitor| cell(kernel, MPROTECT, monitor, 1).cell);
    Needs { cells: cells.into(), ..Needs::kernel(kernel) }
}

fn attribute(session: &ExactSession, planned: &Planned) -> Attributed {
    let attributed = session.attribute(&planned.cell, &spec(planned, None));
    attributed.unwrap_or_else(|error| panic!("{}: {error:#}", planned.cell))
}

fn baseline(session: &ExactSession, kernel: &str, work: Work) -> Baseline {
    let none = attribute(session, &cell(kernel, work, "none", OF_BASELINE));
    Baseline::new(&none.profile()).unwrap()
}

/// Attributes a cell and checks its sums and names. Returns the monitor's own cost.
fn direct(session: &ExactSession, baseline: &Baseline, planned: &Planned) -> Attribution {
    let attributed = attribute(session, planned);
    let samples = &attributed.measured.samples;
    let splits = baseline.split(&attributed.profile());
    for (sample, split) in samples.iter().zip(&splits) {
        assert_eq!(split.difference(), *sample as i64 - baseline.reference() as i64, "{}", planned.cell);
    }
    let all = |part: fn(&Split) -> i64| splits.iter().map(part).sum::<i64>();
    let (named, own) = (all(|split| split.named), all(|split| split.on_own_paths));
    assert!(100 * named >= 99 * own, "{}: {named} of {own} instructions have a name", planned.cell);
    let cost = record(&splits).unwrap();
    println!(
        "{}: direct {} in {} of {}",
        planned.cell, cost.direct_p50, cost.direct_share.operations, cost.direct_share.of
    );
    cost
}

#[test]
fn the_plugin_changes_no_number_and_loses_no_instruction() {
    let (session, plain) = (open("6.1"), open_without_attribution("6.1"));
    for work in [NULL, MPROTECT, UNSHARE, EXECVE] {
        for monitor in MONITORS {
            let planned = cell("6.1", work, monitor, 20);
            let without = measured(&plain, &planned);
            assert_eq!(without.attribution, None);
            let with = measured(&session, &planned);
            // The sums are checked there.
            let attribution = with.attribution.clone().unwrap();
            assert_eq!(attribution.direct_share.of, 20);
            assert_eq!(Measured { attribution: None, ..with }, without, "{}", planned.cell);
            // Listing the names of functions changes nothing either.
            let attributed = attribute(&session, &planned);
            assert_eq!(attributed.measured, without, "{}", planned.cell);
        }
    }
}

#[test]
fn a_monitors_own_cost_is_the_same_in_nearly_all_operations() {
    let session = open("6.1");
    for work in [NULL, MPROTECT, UNSHARE, EXECVE] {
        let baseline = baseline(&session, "6.1", work);
        for monitor in MONITORS {
            let cost = direct(&session, &baseline, &cell("6.1", work, monitor, OPERATIONS));
            match monitor {
                "module+inline" if work == NULL => assert_eq!(cost.direct_p50, 0),
                "module+inline" => assert_eq!(cost.direct_p50, 3),
                // It watches no getppid.
                _ if work == NULL
                    && !matches!(monitor, "audit+rules" | "seccomp+allow" | "seccomp+allow-args") =>
                {
                    assert_eq!(cost.direct_p50, 0, "{monitor}");
                }
                _ => assert!(cost.direct_p50 > 0, "{monitor}"),
            }
            // audit allocates memory, in amounts that vary.
            let share = if monitor == "audit+rules" { 40 } else { 90 };
            assert!(
                100 * cost.direct_share.operations >= share * cost.direct_share.of,
                "{monitor} {}: {cost:?}",
                work.0
            );
        }
    }
}

#[test]
fn a_kprobe_costs_an_execve_what_it_costs_an_mprotect() {
    let session = open("6.12");
    let costs = [MPROTECT, UNSHARE, EXECVE].map(|work| {
        let baseline = baseline(&session, "6.12", work);
        let cost = direct(&session, &baseline, &cell("6.12", work, "kprobe+count", OPERATIONS));
        assert!(100 * cost.direct_share.operations >= 90 * cost.direct_share.of, "{cost:?}");
        cost.direct_p50
    });
    assert!(costs.iter().all(|cost| *cost == costs[0]), "{costs:?}");
}
