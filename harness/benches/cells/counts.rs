//! A Criterion measurement that counts the unit of a clock instead of time.

use criterion::Throughput;
use criterion::measurement::{Measurement, ValueFormatter};
use hookbench_model::Clock;

/// The amount to add to one sample and to subtract from the next. Criterion divides by
/// the spread of samples: equal counts would show as `NaN`, and comparing two such
/// benchmarks would panic. The amount is too small to change a printed digit.
const APART: f64 = 1e-7;

/// The samples, changed so that no two neighbours are equal.
pub(crate) fn apart(samples: Vec<u64>) -> Vec<f64> {
    let signs = [APART, -APART].into_iter().cycle();
    samples.into_iter().zip(signs).map(|(sample, apart)| sample as f64 + apart).collect()
}

/// Counts of one clock.
pub(crate) struct Counts(pub(crate) Clock);

impl Measurement for Counts {
    type Intermediate = ();
    type Value = f64;

    // Every function supplies its counts (`iter_custom`), so nothing starts here.
    fn start(&self) {}

    fn end(&self, (): ()) -> f64 {
        0.0
    }

    fn add(&self, one: &f64, other: &f64) -> f64 {
        one + other
    }

    fn zero(&self) -> f64 {
        0.0
    }

    fn to_f64(&self, value: &f64) -> f64 {
        *value
    }

    fn formatter(&self) -> &dyn ValueFormatter {
        self
    }
}

/// The number of clock units to which a throughput refers.
const MILLION: f64 = 1e6;

impl ValueFormatter for Counts {
    fn scale_values(&self, _: f64, _: &mut [f64]) -> &'static str {
        self.0.unit()
    }

    fn scale_throughputs(&self, _: f64, throughput: &Throughput, values: &mut [f64]) -> &'static str {
        let operations = match throughput {
            Throughput::Elements(operations) => *operations as f64,
            // No benchmark here counts bytes.
            _ => 1.0,
        };
        for value in values {
            *value = operations * MILLION / *value;
        }
        match self.0 {
            Clock::Instructions => "operations per million instructions",
            Clock::Tsc | Clock::Ftrace => "operations per million TSC cycles",
            Clock::Perf => "operations per million events",
        }
    }

    fn scale_for_machines(&self, _: &mut [f64]) -> &'static str {
        self.0.unit()
    }
}
