//! Runs for tests. All numbers are SYNTHETIC: chosen to be plausible and to
//! show every case, measured on nothing. Reports of them prove nothing.

use hookbench_model::measurement::{Events, Failure, FailureKind, Happened, Measured, Refused};
use hookbench_model::{
    Cell, Clock, DenyScope, Enforcement, History, Loading, Measurement, MonitorName, Outcome, Params,
    Schedule, Target,
};
use hookbench_results::Run;
use hookbench_results::environment::{Environment, ImageRecord, KernelRecord, MonitorRecord};
use proptest::prelude::*;

/// What monitors add to an execve here, in made-up instructions.
const COSTS: &[(&str, u64)] = &[
    ("audit+idle", 111),
    ("audit+rules", 26_222),
    ("audit+auditd", 333_333),
    ("bpf-lsm+count", 444),
    ("bpf-lsm+ringbuf", 2_555),
    ("bpf-lsm+perfbuf", 5_666),
    ("kprobe+count", 1_777),
    ("fentry+ringbuf", 2_888),
    ("tracepoint+ringbuf", 4_999),
    ("ftrace+function", 3_111),
];

/// A run with two kernels, three workloads, a failure, an unsupported, a
/// skipped and a refused cell, a cheaper operation, a free one, and loss.
pub(crate) fn synthetic_run() -> Run {
    let mut measurements = Vec::new();
    for kernel in ["6.1", "6.12"] {
        let exec = |monitor: &str| cell(kernel, "execve-noop", "env_pages=0 ld_preload=ignored", monitor);
        measurements.push(measured(exec("none"), 109_000, None));
        measurements.push(measured(exec("audit+off"), 109_000, None));
        for (monitor, added) in COSTS {
            let events = (*monitor != "audit+idle").then_some(("exec", 0));
            measurements.push(measured(exec(monitor), 109_000 + added, events));
        }
        measurements.extend(without_numbers(&exec));
        measurements.push(refused(measured(exec("seccomp+errno"), 50_000, None)));
        measurements.push(killed(measured(exec("bpf-lsm+kill"), 112_000, Some(("exec", 0)))));
        let unshare = |monitor: &str| cell(kernel, "unshare-burst", "as=user", monitor);
        measurements.push(measured(unshare("none"), 30_000, None));
        measurements.push(refused(measured(unshare("bpf-lsm+deny"), 9_000, Some(("userns", 0)))));
        measurements.push(measured(unshare("kprobe+count"), 30_777, Some(("userns", 0))));
        measurements.push(measured(unshare("audit+auditd"), 60_000, Some(("userns", 0))));
    }
    measurements.push(measured(cell("6.1", "unshare-burst", "as=root", "none"), 30_000, None));
    let allowing = cell("6.1", "unshare-burst", "as=root", "bpf-lsm+deny");
    measurements.push(measured(allowing, 30_600, Some(("userns", 0))));
    let burst =
        |monitor| Cell { schedule: Schedule::Burst, ..cell("6.1", "unshare-burst", "as=user", monitor) };
    measurements.push(measured(burst("none"), 29_000, None));
    measurements.push(measured(burst("audit+reader"), 58_000, Some(("userns", 7))));
    for (monitor, p50) in [("none", 331), ("audit+rules", 931), ("audit+idle", 336)] {
        measurements.push(measured(cell("6.1", "null-syscall", "", monitor), p50, None));
    }
    Run { schema: 1, plan: "synthetic".into(), shard: None, environment: environment(), measurements }
}

/// A run in which the parameter `modules` of a monitor grows, from its usual 0.
pub(crate) fn swept_run() -> Run {
    let at = |modules: &str| Cell {
        tuning: modules.parse().expect("parameters"),
        ..cell("6.1", "mprotect-storm", "to=r", "lsm+idle")
    };
    let p50s = [("", 1_000), ("modules=1", 1_010), ("modules=4", 1_040), ("modules=2", 1_020)];
    let measurements = p50s.map(|(modules, p50)| measured(at(modules), p50, None)).into();
    let usual = vec![("lsm+idle".into(), "modules=0".parse().expect("parameters"))];
    let environment = Environment { usual, ..environment() };
    Run { schema: 1, plan: "synthetic".into(), shard: None, environment, measurements }
}

fn cell(kernel: &str, workload: &str, params: &str, monitor: &str) -> Cell {
    Cell {
        kernel: kernel.into(),
        target: Target::Tcg,
        boot: Default::default(),
        workload: workload.into(),
        params: params.parse().expect("parameters"),
        schedule: Schedule::Paced,
        monitor: monitor.parse().expect("a monitor's name"),
        tuning: Default::default(),
    }
}

fn measured(cell: Cell, p50: u64, events: Option<(&str, u64)>) -> Measurement {
    // Fifty operations, most of them alike, some cheaper, some dearer.
    let step = p50 % 97 * 5;
    let samples: Vec<u64> = (0..50u64)
        .map(|i| p50 + (i % 10 / 8) * step + (i / 49) * step * 20 - (i % 10 / 9) * step * 9 / 5)
        .collect();
    let seen = |lost| Events { behaviour: String::new(), expected: 50, seen: 50 - lost, lost, looks: None };
    let watching = !cell.monitor.is_none();
    let outcome = Outcome::Measured(Measured {
        samples,
        calibration: 5,
        events: events.map(|(behaviour, lost)| Events { behaviour: behaviour.into(), ..seen(lost) }),
        refused: None,
        attach_cost: watching.then_some(1_234_567),
        loading: None,
        memory_bytes: watching.then_some(278_528),
        notes: Vec::new(),
        ..Measured::default()
    });
    Measurement { cell, clock: Clock::Instructions, history: Some(History::Restored), outcome }
}

fn refused(mut measurement: Measurement) -> Measurement {
    if let Outcome::Measured(measured) = &mut measurement.outcome {
        measured.refused = Some(Refused { operations: 50, errno: "EPERM".into(), happened: None });
        measured.notes.push("the <hook> refused every | operation".into());
    }
    measurement
}

fn killed(mut measurement: Measurement) -> Measurement {
    if let Outcome::Measured(measured) = &mut measurement.outcome {
        let happened = Some(Happened { events: 50, of: 50 });
        measured.refused = Some(Refused { operations: 50, errno: "SIGKILL".into(), happened });
    }
    measurement
}

fn without_numbers(exec: &dyn Fn(&str) -> Cell) -> Vec<Measurement> {
    let failure = Failure {
        kind: FailureKind::EventsMismatch,
        message: "kretprobe saw 49 of 50 events <script>alert(1)</script> and \u{1b}[2Jthen a long, long \
                  explanation that does not fit a line of a terminal, with a | bar and `ticks`"
            .into(),
        console: vec!["[    1.000000] <b>oops</b>".into(), "[    1.000001] ``` end".into()],
    };
    let unsupported = "the boot line has no bpf in lsm=".to_string();
    let outcomes = [
        ("kretprobe+count", Outcome::Failed(failure)),
        ("bpf-lsm+deny", Outcome::Unsupported(unsupported)),
        ("ftrace+kprobe-event", Outcome::Skipped("left out by the plan".into())),
    ];
    outcomes
        .into_iter()
        .map(|(monitor, outcome)| Measurement {
            cell: exec(monitor),
            clock: Clock::Instructions,
            history: Some(History::Restored),
            outcome,
        })
        .collect()
}

fn monitors() -> Vec<MonitorRecord> {
    let record = |name: &str, enforcement: Enforcement, per_process: bool| MonitorRecord {
        name: name.parse().expect("a monitor's name"),
        about: format!("what {name} does, in a line"),
        sees: "sees LSM hooks".into(),
        enforcement,
        per_process,
        since: "5.10".into(),
    };
    let watching = COSTS.iter().map(|(name, _)| record(name, Enforcement::Observes, false));
    let stopping = [
        record("bpf-lsm+deny", Enforcement::Denies(DenyScope::Policy), false),
        record("seccomp+errno", Enforcement::Denies(DenyScope::Everyone), true),
        record("bpf-lsm+kill", Enforcement::Kills, false),
    ];
    watching.chain(stopping).collect()
}

fn environment() -> Environment {
    let kernel = |name: &str, version: &str| KernelRecord {
        name: name.into(),
        package: format!("linux-image-{name}-synthetic"),
        version: version.into(),
        sha256: "aa".repeat(32),
        boot_lines: vec![
            ("default".into(), "console=ttyS0 quiet lsm=bpf mitigations=off".into()),
            ("audit-off".into(), "console=ttyS0 quiet lsm=bpf mitigations=off audit=0".into()),
        ],
        modules: None,
        loaded: Vec::new(),
    };
    Environment {
        hookbench: "0.0.0".into(),
        qemu: "QEMU emulator version 0.0 (synthetic)".into(),
        cpu: "max,-erms".into(),
        memory_mib: 256,
        machine: ["-accel", "tcg", "-icount", "shift=0,sleep=off"].map(String::from).into(),
        kernels: vec![kernel("6.1", "6.1.1-1"), kernel("6.12", "6.12.1-1")],
        image: ImageRecord {
            sha256: "bb".repeat(32),
            agent_sha256: "cc".repeat(32),
            packages: vec![("auditd".into(), "1:0.0-0".into())],
        },
        monitors: monitors(),
        bpf_compiler: "clang version 0.0".into(),
        rustc: "rustc 0.0".into(),
        ..Default::default()
    }
}

/// One section on `6.1` with these monitors and samples.
pub(crate) fn run_of(rows: &[(&str, &[u64])]) -> Run {
    let measurement = |&(monitor, samples): &(&str, &[u64])| Measurement {
        history: Some(History::Restored),
        cell: cell("6.1", "null-syscall", "", monitor),
        clock: Clock::Instructions,
        outcome: Outcome::Measured(Measured { samples: samples.into(), ..Default::default() }),
    };
    let measurements = rows.iter().map(measurement).collect();
    Run {
        schema: 1,
        plan: "synthetic".into(),
        shard: None,
        environment: Environment::default(),
        measurements,
    }
}

/// The synthetic run's `execve-noop` under other parameters and schedules.
pub(crate) fn run_of_cells(rows: &[(&str, &str, &str, Schedule, u64)]) -> Run {
    let measurement = |&(workload, params, monitor, schedule, p50): &(&str, &str, &str, Schedule, u64)| {
        let cell = Cell { schedule, ..cell("6.1", workload, params, monitor) };
        measured(cell, p50, None)
    };
    let measurements = rows.iter().map(measurement).collect();
    Run {
        schema: 1,
        plan: "synthetic".into(),
        shard: None,
        environment: Environment::default(),
        measurements,
    }
}

/// Any run: hostile text, extreme numbers, cells twice, baselines missing.
pub(crate) fn any_run() -> impl Strategy<Value = Run> {
    proptest::collection::vec(any_measurement(), 0..24).prop_map(|measurements| Run {
        schema: 1,
        plan: "synthetic".into(),
        shard: None,
        environment: environment(),
        measurements,
    })
}

fn any_text() -> impl Strategy<Value = String> {
    prop_oneof!["\\PC{0,12}", ".{0,300}", Just("<script>\u{1b}[2J\n|`".to_string()), Just(String::new())]
}

fn any_cell() -> impl Strategy<Value = Cell> {
    let monitor = prop_oneof![
        Just("none".to_string()),
        "(bpf-lsm|audit|kprobe)\\+(count|deny|auditd|perfbuf)",
        "[a-z]{1,40}(\\+[a-z]{1,40})?"
    ];
    let workload =
        prop_oneof![Just("execve-noop".to_string()), Just("unshare-burst".to_string()), any_text()];
    let kernel = prop_oneof![3 => Just("6.1".to_string()), 1 => any_text()];
    let params = prop_oneof![
        Just(Params::default()),
        Just("env_pages=0 ld_preload=recorded".parse().expect("parameters")),
        Just("as=root".parse().expect("parameters")),
        (any_text(), any_text()).prop_map(|pair| Params::from_iter([pair])),
    ];
    (kernel, workload, params, proptest::sample::select(&Schedule::ALL[..]), monitor).prop_map(
        |(kernel, workload, params, schedule, monitor)| Cell {
            kernel,
            target: Target::Tcg,
            boot: Default::default(),
            workload,
            params,
            schedule,
            monitor: monitor.parse().unwrap_or_else(|_| MonitorName::none()),
            tuning: Default::default(),
        },
    )
}

fn any_measured() -> impl Strategy<Value = Measured> {
    let number = || prop_oneof![0..10u64, 300..400_000u64, any::<u64>()];
    let looks = proptest::option::of(number());
    let events = (any_text(), number(), number(), number(), looks).prop_map(
        |(behaviour, expected, seen, lost, looks)| Events { behaviour, expected, seen, lost, looks },
    );
    let happened =
        proptest::option::of((number(), number()).prop_map(|(events, of)| Happened { events, of }));
    let refused = (number(), any_text(), happened).prop_map(|(operations, errno, happened)| Refused {
        operations,
        errno,
        happened,
    });
    let loading = any::<([u64; 4], i64)>().prop_map(|([open, load, verify, attach], agent_bytes)| Loading {
        open,
        load,
        verify,
        attach,
        agent_bytes,
    });
    (
        proptest::collection::vec(number(), 0..6),
        number(),
        proptest::option::of(events),
        proptest::option::weighted(0.1, refused),
        proptest::option::of(any::<u64>()),
        proptest::option::of(loading),
        proptest::option::of(any::<i64>()),
        proptest::collection::vec(any_text(), 0..2),
    )
        .prop_map(
            |(samples, calibration, events, refused, attach_cost, loading, memory_bytes, notes)| Measured {
                samples,
                calibration,
                events,
                refused,
                attach_cost,
                loading,
                memory_bytes,
                notes,
                ..Measured::default()
            },
        )
}

fn any_measurement() -> impl Strategy<Value = Measurement> {
    let failure = (any_text(), proptest::collection::vec(any_text(), 0..3))
        .prop_map(|(message, console)| Failure { kind: FailureKind::Agent, message, console });
    let outcome = prop_oneof![
        6 => any_measured().prop_map(Outcome::Measured),
        1 => any_text().prop_map(Outcome::Unsupported),
        1 => any_text().prop_map(Outcome::Skipped),
        1 => failure.prop_map(Outcome::Failed),
    ];
    let clock = prop_oneof![9 => Just(Clock::Instructions), 1 => Just(Clock::Tsc)];
    (any_cell(), clock, outcome).prop_map(|(cell, clock, outcome)| Measurement {
        cell,
        clock,
        history: None,
        outcome,
    })
}
