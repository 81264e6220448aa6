//! The hook is the same to the instruction, whatever state the kernel is in: with more memory, with more samples, with
//! another agent, booted for the cell or restored.

use std::collections::BTreeMap;

use common::cells::LONG;
use hookbench::run::runner::spec;
use hookbench::session::Session;
use hookbench::session::guests::{ExactOptions, ExactSession, Needs, Provisions};
use hookbench_analysis::Comparison;
use hookbench_analysis::gate::{Gate, GateRules, VerdictKind};
use hookbench_model::{Attribution, Cell, History, Measurement, Outcome, Schedule};
use hookbench_plan::Planned;
use hookbench_results::Run;
use hookbench_results::run::SCHEMA;
use hookbench_vm::cache::Cache;
use hookbench_vm::machine::Qemu;

mod common;

/// What does not change a hook.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Change {
    Nothing,
    Memory(u32),
    Samples(u32),
    Padding,
    Cold,
    Qemu,
}

/// How many bytes larger another agent is.
const PADDING: usize = 64 << 10;

/// All changes; the first is what the others are compared with.
const CHANGES: [Change; 8] = [
    Change::Nothing,
    Change::Memory(512),
    Change::Memory(1024),
    Change::Samples(40),
    Change::Samples(1000),
    Change::Padding,
    Change::Cold,
    Change::Qemu,
];

impl Change {
    fn session(self, kernel: &str, cells: &[Cell]) -> ExactSession {
        let padding = if self == Change::Padding { PADDING } else { 0 };
        let qemu = (self == Change::Qemu).then(another_qemu);
        let needs = Needs { padding, qemu, cells: cells.to_vec(), ..Needs::kernel(kernel) };
        let provisions = Provisions::fetch(needs, &|message| eprintln!("{message}")).unwrap();
        let guests = Some(if self == Change::Cold { History::Cold } else { History::Restored });
        ExactSession::open(provisions, ExactOptions { budget: LONG, guests, ..ExactOptions::default() })
            .unwrap()
    }

    fn cell(self, kernel: &str, monitor: &str) -> Planned {
        let params = [("env_pages", "0"), ("ld_preload", "ignored")];
        let mut planned = common::cells::planned(kernel, "execve-noop", monitor, &params, Schedule::Paced);
        planned.samples = if let Change::Samples(samples) = self { samples } else { 100 };
        if let Change::Memory(mib) = self {
            planned.cell.boot.memory_mib = mib;
        }
        planned
    }
}

/// QEMU 10.0, out of Debian's backports.
fn another_qemu() -> Qemu {
    let cache = Cache::open().unwrap();
    Qemu::of_suite("bookworm-backports", &cache, &|message| eprintln!("{message}")).unwrap()
}

/// The attributions of `monitors` on `kernel`, with each of `changes`.
fn attributions(
    kernel: &str,
    monitors: &[&'static str],
    changes: &[Change],
) -> BTreeMap<(&'static str, Change), Attribution> {
    let mut all = BTreeMap::new();
    for &change in changes {
        let planned: Vec<Planned> = monitors.iter().map(|monitor| change.cell(kernel, monitor)).collect();
        let cells: Vec<Cell> = planned.iter().map(|planned| planned.cell.clone()).collect();
        let session = change.session(kernel, &cells);
        for (monitor, planned) in monitors.iter().zip(&planned) {
            let attribution = match session.run(&planned.cell, &spec(planned, None)).outcome {
                Outcome::Measured(measured) => measured.attribution,
                other => panic!("{}: {}", planned.cell, other.reason()),
            };
            all.insert((*monitor, change), attribution.unwrap_or_else(|| panic!("{}", planned.cell)));
        }
    }
    all
}

/// The largest difference between the hooks of `monitor`.
fn spread(all: &BTreeMap<(&'static str, Change), Attribution>, monitor: &str) -> i64 {
    let hooks = all.iter().filter(|((name, _), _)| *name == monitor).map(|(_, found)| found.direct_p50);
    let (least, most) =
        hooks.fold((i64::MAX, i64::MIN), |(least, most), hook| (least.min(hook), most.max(hook)));
    most - least
}

#[test]
fn a_hook_is_the_same_whatever_state_the_kernel_is_in() {
    let monitors = ["bpf-lsm+count", "kprobe+ringbuf", "audit+idle"];
    let changes = [Change::Nothing, Change::Memory(512), Change::Samples(40), Change::Padding, Change::Cold];
    let all = attributions("6.1", &monitors, &changes);
    for monitor in monitors {
        // audit names files, and what freeing the names takes depends on where they lie.
        let most = if monitor.starts_with("audit") { 4 } else { 0 };
        assert!(spread(&all, monitor) <= most, "{monitor}: {all:#?}");
    }
}

#[test]
#[ignore = "slow: ten images and their snapshots; `cargo xtask test --slow` runs it"]
fn ten_agents_of_other_sizes_raise_no_alarm() {
    let monitors = ["none", "bpf-lsm+count", "kprobe+ringbuf"];
    let base = run(0, &monitors);
    for number in 1..=10 {
        let comparison = Comparison::new(&base, &run(number * 12_345, &monitors));
        let gate = Gate::judge(&comparison, &GateRules::default()).unwrap();
        assert_eq!(gate.of_kind(VerdictKind::Regression).count(), 0, "{comparison:#?}");
    }
}

/// A run of `monitors` with an agent that is `padding` bytes larger.
fn run(padding: usize, monitors: &[&str]) -> Run {
    let planned: Vec<Planned> = monitors.iter().map(|monitor| Change::Nothing.cell("6.1", monitor)).collect();
    let cells = planned.iter().map(|planned| planned.cell.clone()).collect();
    let needs = Needs { padding, cells, ..Needs::kernel("6.1") };
    let session = common::cells::session_with(needs, LONG);
    let measurements = planned.iter().map(|planned| Measurement {
        cell: planned.cell.clone(),
        clock: session.clock(),
        history: session.history(&planned.cell),
        outcome: session.run(&planned.cell, &spec(planned, None)).outcome,
    });
    let (plan, environment) = ("padding".into(), session.environment().clone());
    Run {
        schema: SCHEMA,
        plan,
        shard: None,
        environment,
        measurements: measurements.collect(),
        scenarios: Vec::new(),
    }
}

#[test]
#[ignore = "slow: 250 cells; prints the table in docs/method/attribution.md"]
fn hooks_of_twelve_monitors_on_three_kernels() {
    let monitors = [
        "bpf-lsm+count",
        "bpf-lsm+ringbuf",
        "kprobe+count",
        "kprobe+ringbuf",
        "fentry+count",
        "fentry+ringbuf",
        "raw-tracepoint+count",
        "raw-tracepoint+ringbuf",
        "audit+idle",
        "audit+rules",
        "seccomp+allow",
        "module+inline",
    ];
    for kernel in ["6.1", "6.12", "7.3"] {
        let all = attributions(kernel, &monitors, &CHANGES);
        for monitor in monitors {
            let hooks = CHANGES.map(|change| {
                let Attribution { direct_p50, direct_share, .. } = all[&(monitor, change)];
                format!("{direct_p50} ({:.0} %)", 100.0 * direct_share.fraction())
            });
            println!("| {kernel} | `{monitor}` | {} | {} |", hooks.join(" | "), spread(&all, monitor));
        }
    }
}
