//! Cells in real guests: equal runs give equal bytes, and monitors see what happened.

use common::beside_restless;
use common::cells::{LONG, default_session, measured, paced, planned, run, session};
use hookbench_model::protocol::Fault;
use hookbench_model::{FailureKind, Measured, Outcome, Schedule};

mod common;

#[test]
fn a_denying_monitor_refuses_exactly_the_operations_of_its_policy() {
    let session = default_session();
    let refused = |workload, params: &[(&str, &str)]| {
        measured(&session, &paced(workload, "bpf-lsm+deny", params)).refused.map(|refused| refused.errno)
    };
    assert_eq!(refused("unshare-burst", &[("as", "user")]).as_deref(), Some("EPERM"));
    assert_eq!(refused("unshare-burst", &[("as", "root")]), None);
    assert_eq!(refused("mprotect-storm", &[("to", "rw")]).as_deref(), Some("EPERM"));
    assert_eq!(refused("execve-noop", &[]).as_deref(), Some("EPERM"));
    assert_eq!(refused("unshare-command", &[]), None);
}

#[test]
fn both_loaders_attach_the_same_programs_at_different_costs() {
    let session = default_session();
    for (monitor, workload, params) in [
        ("bpf-lsm+count", "mprotect-storm", ("to", "r")),
        ("bpf-lsm+deny", "unshare-burst", ("as", "user")),
        ("kprobe+perfbuf", "mprotect-storm", ("to", "r")),
        ("fentry+ringbuf", "mprotect-storm", ("to", "r")),
        ("raw-tracepoint+count", "mprotect-storm", ("to", "r")),
        ("tracepoint+ringbuf", "mprotect-storm", ("to", "r")),
    ] {
        let by = |loader| measured(&session, &paced(workload, monitor, &[params, ("loader", loader)]));
        let (usual, other) = (by("libbpf"), by("aya"));
        let seen = |by: &Measured| by.events.as_ref().map(|events| (events.seen, events.lost));
        assert_eq!(seen(&usual), seen(&other), "{monitor}");
        assert_eq!(usual.refused, other.refused, "{monitor}");
        // Aya reads the kernel's whole BTF for any object; libbpf only for objects that need it.
        assert!(other.attach_cost > usual.attach_cost, "{monitor}: {usual:?} {other:?}");
    }
}

#[test]
fn ld_preload_is_recorded_even_after_32_pages_of_environment() {
    let session = default_session();
    let params = [("env_pages", "32"), ("ld_preload", "recorded")];
    for monitor in ["bpf-lsm+perfbuf", "kprobe+ringbuf", "tracepoint+ringbuf", "raw-tracepoint+ringbuf"] {
        let events = measured(&session, &paced("execve-noop", monitor, &params)).events.unwrap();
        assert_eq!((events.seen, events.lost), (events.expected, 0), "{monitor}");
    }
    let audit = run(&session, &paced("execve-noop", "audit+auditd", &params), None);
    assert!(matches!(audit, Outcome::Unsupported(_)), "{audit:?}");
}

#[test]
fn per_cpu_buffers_take_memory_per_cpu_and_a_shared_one_does_not() {
    let session = default_session();
    let taken = |monitor, cpus| {
        let mut planned = paced("mprotect-storm", monitor, &[("to", "r")]);
        planned.cell.boot.cpus = cpus;
        let first = measured(&session, &planned);
        assert_eq!(first, measured(&session, &planned), "{monitor} on {cpus} CPUs");
        first.memory_bytes.unwrap()
    };
    // 64 pages for each of the three additional CPUs. Other memory differs by a few pages
    // from one machine to another.
    let [each, all] =
        ["bpf-lsm+perfbuf", "bpf-lsm+ringbuf"].map(|monitor| taken(monitor, 4) - taken(monitor, 1));
    assert!(each > 5 * 32 * 4096, "{each}");
    assert!(all < 64 * 4096, "{all}");
}

/// The monitors that are kernel modules.
fn modules() -> Vec<String> {
    let names = hookbench_plan::monitor_names();
    names.into_iter().filter(|name| name.starts_with("module+") || name.starts_with("livepatch+")).collect()
}

#[test]
fn a_module_sees_every_event_and_is_gone_when_it_is_detached() {
    let session = default_session();
    // Another test covers the system call table.
    for monitor in modules().iter().filter(|name| *name != "module+syscall-table") {
        for (workload, params) in [
            ("execve-noop", [].as_slice()),
            ("unshare-burst", &[("as", "root")]),
            ("mprotect-storm", &[("to", "r")]),
        ] {
            let events = measured(&session, &paced(workload, monitor, params)).events.unwrap();
            assert_eq!((events.seen, events.lost), (events.expected, 0), "{monitor} {workload}");
        }
        // A module that stayed would still see events, or detaching it would fail.
        let deaf = run(&session, &paced("mprotect-storm", monitor, &[("to", "r")]), Some(Fault::Deaf));
        let Outcome::Failed(failure) = deaf else { panic!("{monitor}: {deaf:?}") };
        assert_eq!(failure.kind, FailureKind::EventsMismatch, "{monitor}: {failure:?}");
        assert!(failure.message.contains("saw 0 and lost 0"), "{monitor}: {failure:?}");
    }
}

#[test]
fn the_system_call_table_monitor_is_unsupported_if_the_kernel_ignores_the_table() {
    let old = session("5.10", LONG);
    let cell =
        |kernel| planned(kernel, "mprotect-storm", "module+syscall-table", &[("to", "r")], Schedule::Paced);
    let events = measured(&old, &cell("5.10")).events.unwrap();
    assert_eq!((events.seen, events.lost), (events.expected, 0));
    let outcome = run(&default_session(), &cell("6.1"), None);
    let Outcome::Unsupported(why) = outcome else { panic!("{outcome:?}") };
    assert!(why.contains("does not read them: of 2 watched calls it saw none"), "{why}");
}

#[test]
fn modules_of_a_kernel_that_a_newer_release_built_are_built_by_its_compiler() {
    let session = session("7.3", LONG);
    for monitor in modules().iter().filter(|name| *name != "module+syscall-table") {
        let planned = planned("7.3", "mprotect-storm", monitor, &[("to", "r")], Schedule::Paced);
        let events = measured(&session, &planned).events.unwrap();
        assert_eq!((events.seen, events.lost), (events.expected, 0), "{monitor}");
    }
}

#[test]
fn modules_are_unsupported_without_headers_even_before_a_boot() {
    let folder = tempfile::tempdir().unwrap();
    default_session();
    let cache = hookbench_vm::cache::Cache::open().unwrap();
    let own = folder.path().join("vmlinux-own");
    std::fs::copy(cache.root().join("kernels/6.1/vmlinux"), &own).unwrap();
    let name = own.display().to_string();
    // No guest boots within this time limit.
    let session = session(&name, std::time::Duration::from_millis(1));
    for monitor in modules() {
        let planned = planned(&name, "mprotect-storm", &monitor, &[("to", "r")], Schedule::Paced);
        let outcome = run(&session, &planned, None);
        let Outcome::Unsupported(why) = outcome else { panic!("{outcome:?}") };
        assert!(why.contains("passed by path"), "{monitor}: {why}");
    }
}

#[test]
fn delivered_events_cost_more_than_sent_ones() {
    let session = default_session();
    let p50 = |schedule| {
        let planned = planned("6.1", "mprotect-storm", "bpf-lsm+ringbuf", &[("to", "r")], schedule);
        let mut samples = measured(&session, &planned).samples;
        samples.sort_unstable();
        samples[samples.len() / 2]
    };
    assert!(p50(Schedule::Delivered) > p50(Schedule::Paced));
}

#[test]
fn equal_cells_give_equal_numbers_in_the_known_range() {
    let session = default_session();
    let none = paced("null-syscall", "none", &[]);
    let first = measured(&session, &none);
    assert_eq!(first, measured(&session, &none));
    // On every build of 6.1 so far, an empty section costs five instructions and getppid
    // about three hundred.
    assert_eq!(first.calibration, 5);
    assert!(first.samples.iter().all(|sample| (300..380).contains(sample)), "{:?}", first.samples);
}

#[test]
fn equal_cells_give_equal_numbers_on_a_busy_machine() {
    let session = default_session();
    let planned = paced("mprotect-storm", "bpf-lsm+ringbuf", &[("to", "rw")]);
    let all: Vec<Measured> = beside_restless(|| {
        std::thread::scope(|scope| {
            let guests: Vec<_> = (0..6).map(|_| scope.spawn(|| measured(&session, &planned))).collect();
            guests.into_iter().map(|guest| guest.join().unwrap()).collect()
        })
    });
    assert!(all.iter().all(|measured| *measured == all[0]), "{all:#?}");
}

#[test]
fn the_newest_kernel_is_measured_too() {
    let session = session("6.12", LONG);
    for monitor in ["audit+auditd", "bpf-lsm+ringbuf", "fexit+ringbuf", "ftrace+syscall-events"] {
        let planned = planned("6.12", "unshare-burst", monitor, &[], Schedule::Paced);
        let events = measured(&session, &planned).events.unwrap();
        assert_eq!((events.seen, events.lost), (events.expected, 0), "{monitor}");
    }
}

#[test]
fn a_killed_process_is_killed_after_its_operation() {
    let session = default_session();
    for (workload, params, events) in [
        ("execve-noop", [].as_slice(), 10),
        ("unshare-burst", &[("as", "user")], 10),
        ("mprotect-storm", &[("to", "rw")], 20),
    ] {
        for monitor in ["bpf-lsm+kill", "kprobe+kill"] {
            let refused = measured(&session, &paced(workload, monitor, params)).refused.unwrap();
            assert_eq!((refused.operations, refused.errno.as_str()), (10, "SIGKILL"), "{workload} {monitor}");
            let happened = refused.happened.unwrap();
            assert_eq!((happened.events, happened.of), (events, events), "{workload} {monitor}");
        }
    }
    assert_eq!(measured(&session, &paced("unshare-burst", "bpf-lsm+kill", &[])).refused, None);
}

#[test]
fn a_faster_sampler_sees_more_events_and_a_deaf_one_fails() {
    let session = default_session();
    let caught = |monitor| {
        let events = measured(&session, &paced("execve-noop", monitor, &[])).events.unwrap();
        assert!(events.looks.is_some_and(|looks| looks > 0) && events.seen <= events.expected, "{events:?}");
        events.seen
    };
    assert!(caught("sampling+timer-1khz") < caught("sampling+timer-50khz"));
    let deaf = run(&session, &paced("execve-noop", "sampling+timer-50khz", &[]), Some(Fault::Deaf));
    assert!(
        matches!(&deaf, Outcome::Failed(failure) if failure.kind == FailureKind::EventsMismatch),
        "{deaf:?}"
    );
}

#[test]
fn one_program_at_several_functions_and_one_of_a_cgroup_see_everything() {
    let session = session("6.12", LONG);
    for monitor in ["kprobe-multi+count", "kprobe-multi+ringbuf", "lsm-cgroup+count", "tracepoint+perfbuf"] {
        let planned = planned("6.12", "mprotect-storm", monitor, &[("to", "r")], Schedule::Paced);
        let events = measured(&session, &planned).events.unwrap();
        assert_eq!((events.seen, events.lost), (events.expected, 0), "{monitor}");
    }
    let planned = planned("6.12", "execve-noop", "fmod-ret+deny", &[], Schedule::Paced);
    let refused = measured(&session, &planned).refused.unwrap();
    assert_eq!((refused.operations, refused.errno.as_str()), (10, "EPERM"));
}
