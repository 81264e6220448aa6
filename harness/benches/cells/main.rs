//! `cargo bench`: Criterion over cells. What it counts are instructions, which
//! it asks a guest for, or cycles on hardware; a group per workload, a function per monitor.

use std::env;
use std::path::{Path, PathBuf};

use hookbench::plan::{Plan, Products};

use counts::Counts;

mod counts;
mod groups;
mod target;

/// What `cargo bench` compares.
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

/// Where Criterion keeps what it measured, as it has it by itself.
fn folder() -> PathBuf {
    let target = || Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("criterion");
    env::var_os("CRITERION_HOME").map_or_else(target, PathBuf::from)
}

fn plan() -> Plan {
    let cells = vec![Products {
        workloads: vec!["*".into()],
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
