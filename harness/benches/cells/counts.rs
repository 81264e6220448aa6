//! What Criterion counts: a clock's unit instead of time.

use criterion::Throughput;
use criterion::measurement::{Measurement, ValueFormatter};
use hookbench_results::Clock;

/// Counts of this clock.
pub(crate) struct Counts(pub(crate) Clock);

impl Measurement for Counts {
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
            Clock::Tsc => "operations per million cycles",
        }
    }

    fn scale_for_machines(&self, _: &mut [f64]) -> &'static str {
        self.0.unit()
    }
}
