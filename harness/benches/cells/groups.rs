//! Cells as Criterion benchmarks: one group per workload, one function per monitor. The
//! samples are those of `hookbench run`, one per operation.

use std::time::Duration;

use criterion::{Bencher, BenchmarkId, Criterion, SamplingMode, Throughput};
use hookbench::run::runner;
use hookbench::session::Session;
use hookbench_model::Outcome;
use hookbench_plan::Planned;

use crate::counts::{Counts, apart};

/// Criterion without a warm-up and with the shortest measurement time: the guest warms
/// up, and Criterion itself times nothing. One call is one operation of the guest.
pub(crate) fn criterion(counts: Counts) -> Criterion<Counts> {
    // Criterion draws with plotters too, which comes without a font.
    hookbench_reports::plot::register_font().expect("the font is readable");
    Criterion::default()
        .with_measurement(counts)
        .warm_up_time(Duration::from_nanos(1))
        .measurement_time(Duration::from_nanos(1))
}

/// Lets Criterion measure the cells that its filter selects.
pub(crate) fn bench(criterion: &mut Criterion<Counts>, session: &dyn Session, planned: &[Planned]) {
    for cells in planned.chunk_by(|one, other| one.cell.workload == other.cell.workload) {
        let mut group = criterion.benchmark_group(&cells[0].cell.workload);
        let several = cells.iter().any(|planned| planned.cell.params != cells[0].cell.params);
        group.sampling_mode(SamplingMode::Flat).sample_size(cells[0].samples as usize);
        group.throughput(Throughput::Elements(1));
        for planned in cells {
            // Measure on demand, because the filter may omit the cell.
            let mut samples = None;
            group.bench_function(id(planned, several), |bencher: &mut Bencher<'_, Counts>| {
                let samples =
                    samples.get_or_insert_with(|| apart(measure(session, planned)).into_iter().cycle());
                bencher.iter_custom(|operations| samples.by_ref().take(operations as usize).sum());
            });
        }
        group.finish();
    }
}

/// The monitor's name, with the parameters if it has several cells.
fn id(planned: &Planned, several: bool) -> BenchmarkId {
    let Planned { cell, .. } = planned;
    match several {
        true => BenchmarkId::new(cell.tuned_monitor(), &cell.params),
        false => BenchmarkId::from_parameter(cell.tuned_monitor()),
    }
}

fn measure(session: &dyn Session, planned: &Planned) -> Vec<u64> {
    match session.run(&planned.cell, &runner::spec(planned, None)).outcome {
        Outcome::Measured(measured) => measured.samples,
        other => panic!("{} {}: {}", planned.cell, other.word(), other.reason()),
    }
}
