//! What Criterion counts: a clock's unit instead of time.

use criterion::Throughput;
use criterion::measurement::{Measurement, ValueFormatter};
use hookbench_model::Clock;

/// What is added to one sample and taken from the next. Criterion divides by how far
/// samples lie apart: of counts that are all equal it says `NaN`, and a comparison of
/// two such panics. No digit that is shown tells of this.
const APART: f64 = 1e-7;

/// The samples, no two neighbours the same.
pub(crate) fn apart(samples: Vec<u64>) -> Vec<f64> {
    let signs = [APART, -APART].into_iter().cycle();
    samples.into_iter().zip(signs).map(|(sample, apart)| sample as f64 + apart).collect()
}

/// Counts of this clock.
pub(crate) struct Counts(pub(crate) Clock);

impl Measurement for Counts {
    type Intermediate = ();
    type Value = f64;

    // Every function brings its own counts (`iter_custom`): nothing is begun here.
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

/// A throughput is of so many units.
const MILLION: f64 = 1e6;

impl ValueFormatter for Counts {
    fn scale_values(&self, _: f64, _: &mut [f64]) -> &'static str {
        self.0.unit()
    }

    fn scale_throughputs(&self, _: f64, throughput: &Throughput, values: &mut [f64]) -> &'static str {
        let operations = match throughput {
            Throughput::Elements(operations) => *operations as f64,
            // Nothing here has bytes.
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
