//! `cargo bench`: Criterion over cells. What it counts are instructions, which
//! it asks a guest for; a group per workload, a function per monitor.

use std::time::Duration;

use criterion::measurement::{Measurement, ValueFormatter};
use criterion::{Bencher, Criterion, SamplingMode, Throughput};
use hookbench::plan::{Plan, Planned, Products};
use hookbench::qemu::{BUDGET, QemuSession};
use hookbench::runner;
use hookbench::session::Session;
use hookbench_results::Outcome;
use hookbench_vm::kernels;

/// What `cargo bench` compares.
const MONITORS: &[&str] = &["none", "audit+rules", "bpf-lsm+ringbuf", "kprobe+ringbuf"];

/// Criterion's clock: instructions of the guest.
struct Instructions;

impl Measurement for Instructions {
    type Intermediate = ();
    type Value = u64;

    // Every function brings its own counts (`iter_custom`): nothing is begun here.
    fn start(&self) {}

    fn end(&self, (): ()) -> u64 {
        0
    }

    fn add(&self, one: &u64, other: &u64) -> u64 {
        one + other
    }

    fn zero(&self) -> u64 {
        0
    }

    fn to_f64(&self, value: &u64) -> f64 {
        *value as f64
    }

    fn formatter(&self) -> &dyn ValueFormatter {
        self
    }
}

impl ValueFormatter for Instructions {
    fn scale_values(&self, _: f64, _: &mut [f64]) -> &'static str {
        "instructions"
    }

    fn scale_throughputs(&self, _: f64, _: &Throughput, _: &mut [f64]) -> &'static str {
        "instructions"
    }

    fn scale_for_machines(&self, _: &mut [f64]) -> &'static str {
        "instructions"
    }
}

fn main() {
    let kernel = kernels::default().expect("the table of kernels is sound").name.clone();
    let session = QemuSession::open(std::slice::from_ref(&kernel), BUDGET, &|message| eprintln!("{message}"))
        .unwrap_or_else(|error| panic!("no guest: {error:#}"));
    let planned = plan().cells(&[kernel]).expect("the benchmark's plan is sound");
    let mut criterion = Criterion::default()
        .with_measurement(Instructions)
        // The guest has warmed up; on the host there is nothing to time.
        .warm_up_time(Duration::from_nanos(1))
        .measurement_time(Duration::from_millis(1))
        .configure_from_args();
    for cells in planned.chunk_by(|one, other| one.cell.workload == other.cell.workload) {
        let mut benchmarks = criterion.benchmark_group(&cells[0].cell.workload);
        let several = cells.iter().any(|planned| planned.cell.params != cells[0].cell.params);
        benchmarks.sampling_mode(SamplingMode::Flat).sample_size(cells[0].samples as usize);
        for planned in cells {
            // Asked for when it is wanted, for a filter may leave it out.
            let mut samples = None;
            benchmarks.bench_function(id(planned, several), |bencher: &mut Bencher<'_, _>| {
                let samples = samples.get_or_insert_with(|| measure(&session, planned).into_iter().cycle());
                // Criterion divides by a number of iterations that it derives
                // from the host's time; one call is one operation of the guest.
                bencher.iter_custom(|iterations| iterations * samples.next().unwrap_or_default());
            });
        }
        benchmarks.finish();
    }
    criterion.final_summary();
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
        cells,
    }
}

/// The monitor, with the parameters where there are several cells of it.
fn id(planned: &Planned, several: bool) -> String {
    let Planned { cell, .. } = planned;
    if several { format!("{}/{}", cell.monitor, cell.params) } else { cell.monitor.to_string() }
}

fn measure(session: &QemuSession, planned: &Planned) -> Vec<u64> {
    match session.run(&planned.cell, &runner::spec(planned, None)) {
        Outcome::Measured(measured) => measured.samples,
        other => panic!("{} {}: {}", planned.cell, other.word(), other.reason()),
    }
}
