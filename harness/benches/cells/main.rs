//! `cargo bench`: runs cells under Criterion, with one group per workload and one function
//! per monitor. It counts instructions in a guest, or cycles on hardware.

use std::env;
use std::path::{Path, PathBuf};

use hookbench_plan::{Plan, Products};

use counts::Counts;

mod counts;
mod groups;
mod target;

/// The workloads that `cargo bench` measures: those of the plan `full`. The plan `operations` has the others, which would
/// take too long here.
const WORKLOADS: &[&str] =
    &["null-syscall", "execve-noop", "unshare-burst", "unshare-command", "mprotect-storm"];

/// The monitors that `cargo bench` compares.
const MONITORS: &[&str] = &["none", "audit+rules", "bpf-lsm+ringbuf", "kprobe+ringbuf"];

fn main() {
    let name = env::var(target::VARIABLE).ok();
    let place = target::open(name.as_deref()).unwrap_or_else(|error| {
        eprintln!("cargo bench cannot measure: {error:#}");
        std::process::exit(1)
    });
    let mut planned = plan().cells(&[place.kernel]).expect("the benchmark's plan is sound");
    planned.iter_mut().for_each(|planned| planned.cell.target = place.target);
    let session = place.session;
    let folder = folder();
    let mut criterion =
        groups::criterion(Counts(session.clock())).output_directory(&folder).configure_from_args();
    groups::bench(&mut criterion, &*session, &planned);
    criterion.final_summary();
}

/// The folder for Criterion's results: its default one.
fn folder() -> PathBuf {
    let target = || Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("criterion");
    env::var_os("CRITERION_HOME").map_or_else(target, PathBuf::from)
}

fn plan() -> Plan {
    let cells = vec![Products {
        workloads: WORKLOADS.iter().map(|workload| workload.to_string()).collect(),
        monitors: MONITORS.iter().map(|monitor| monitor.to_string()).collect(),
        ..Products::default()
    }];
    Plan {
        name: "bench".into(),
        about: String::new(),
        kernels: Vec::new(),
        ready: None,
        bring: vec![],
        expect_exit: None,
        cells,
    }
}
