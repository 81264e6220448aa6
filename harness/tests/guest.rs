//! Cells in real guests: equal runs are equal bytes, and monitors see what happened.

use common::beside_restless;
use common::cells::{LONG, default_session, measured, paced, planned, run, session};
use hookbench_results::protocol::Fault;
use hookbench_results::{FailureKind, Measured, Outcome, Schedule};

mod common;

#[test]
fn a_denying_monitor_refuses_those_it_has_to_and_only_those() {
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
fn either_loader_attaches_the_same_programs_at_its_own_price() {
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
        // Aya reads the kernel's whole BTF for any object, libbpf for those that need it.
        assert!(other.attach_cost > usual.attach_cost, "{monitor}: {usual:?} {other:?}");
    }
}

#[test]
fn the_value_of_ld_preload_is_recorded_behind_32_pages_of_environment() {
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
fn buffers_of_each_cpu_take_memory_for_each_cpu_and_one_for_all_does_not() {
    let session = default_session();
    let taken = |monitor, cpus| {
        let mut planned = paced("mprotect-storm", monitor, &[("to", "r")]);
        planned.cell.boot.cpus = cpus;
        let first = measured(&session, &planned);
        assert_eq!(first, measured(&session, &planned), "{monitor} on {cpus} CPUs");
        first.memory_bytes.unwrap()
    };
    // 64 pages for each of three more CPUs; what else is taken differs by some pages from
    // one machine to the other.
    let [each, all] =
        ["bpf-lsm+perfbuf", "bpf-lsm+ringbuf"].map(|monitor| taken(monitor, 4) - taken(monitor, 1));
    assert!(each > 5 * 32 * 4096, "{each}");
    assert!(all < 64 * 4096, "{all}");
}

/// Monitors that a kernel module is.
fn modules() -> Vec<String> {
    let names = hookbench::plan::monitor_names();
    names.into_iter().filter(|name| name.starts_with("module+") || name.starts_with("livepatch+")).collect()
}

#[test]
fn a_module_sees_every_event_and_is_gone_when_it_is_detached() {
    let session = default_session();
    // Its system call table is tried below.
    for monitor in modules().iter().filter(|name| *name != "module+syscall-table") {
        for (workload, params) in [
            ("execve-noop", [].as_slice()),
            ("unshare-burst", &[("as", "root")]),
            ("mprotect-storm", &[("to", "r")]),
        ] {
            let events = measured(&session, &paced(workload, monitor, params)).events.unwrap();
            assert_eq!((events.seen, events.lost), (events.expected, 0), "{monitor} {workload}");
        }
        // One that stayed would see, or be an error of detaching.
        let deaf = run(&session, &paced("mprotect-storm", monitor, &[("to", "r")]), Some(Fault::Deaf));
        let Outcome::Failed(failure) = deaf else { panic!("{monitor}: {deaf:?}") };
        assert_eq!(failure.kind, FailureKind::EventsMismatch, "{monitor}: {failure:?}");
        assert!(failure.message.contains("saw 0 and lost 0"), "{monitor}: {failure:?}");
    }
}

#[test]
fn a_table_of_system_calls_is_of_use_where_the_kernel_reads_it() {
    let old = session("5.10", LONG);
    let cell =
        |kernel| planned(kernel, "mprotect-storm", "module+syscall-table", &[("to", "r")], Schedule::Paced);
    let events = measured(&old, &cell("5.10")).events.unwrap();
    assert_eq!((events.seen, events.lost), (events.expected, 0));
    let outcome = run(&default_session(), &cell("6.1"), None);
    let Outcome::Unsupported(why) = outcome else { panic!("{outcome:?}") };
    assert!(why.contains("does not read them: of 5 watched calls it saw none"), "{why}");
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
fn a_kernel_without_headers_has_no_modules_and_needs_no_guest_to_say_so() {
    let folder = tempfile::tempdir().unwrap();
    default_session();
    let cache = hookbench_vm::cache::Cache::open().unwrap();
    let own = folder.path().join("vmlinux-own");
    std::fs::copy(cache.root().join("kernels/6.1/vmlinux"), &own).unwrap();
    let name = own.display().to_string();
    // No guest boots in so short a time.
    let session = session(&name, std::time::Duration::from_millis(1));
    for monitor in modules() {
        let planned = planned(&name, "mprotect-storm", &monitor, &[("to", "r")], Schedule::Paced);
        let outcome = run(&session, &planned, None);
        let Outcome::Unsupported(why) = outcome else { panic!("{outcome:?}") };
        assert!(why.contains("passed by path"), "{monitor}: {why}");
    }
}

#[test]
fn what_is_delivered_costs_more_than_what_is_only_sent() {
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
fn equal_cells_are_equal_and_the_numbers_are_where_they_were() {
    let session = default_session();
    let none = paced("null-syscall", "none", &[]);
    let first = measured(&session, &none);
    assert_eq!(first, measured(&session, &none));
    // An empty section costs five instructions and getppid some three hundred,
    // on every build of 6.1 so far.
    assert_eq!(first.calibration, 5);
    assert!(first.samples.iter().all(|sample| (300..380).contains(sample)), "{:?}", first.samples);
}

#[test]
fn equal_cells_are_equal_on_a_restless_machine() {
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
fn the_newest_kernel_is_measured_as_well() {
    let session = session("6.12", LONG);
    for monitor in ["audit+auditd", "bpf-lsm+ringbuf", "fexit+ringbuf", "ftrace+syscall-events"] {
        let planned = planned("6.12", "unshare-burst", monitor, &[], Schedule::Paced);
        let events = measured(&session, &planned).events.unwrap();
        assert_eq!((events.seen, events.lost), (events.expected, 0), "{monitor}");
    }
}

#[test]
fn who_is_killed_is_killed_after_the_deed() {
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
fn who_samples_catches_more_the_more_often_it_looks_and_is_not_deaf() {
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
