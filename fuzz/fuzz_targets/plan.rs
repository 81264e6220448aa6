//! See `harness/tests/plan/property.rs`.
#![no_main]

use hookbench_plan::plan;

#[path = "../../harness/tests/plan/property.rs"]
mod property;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| property::holds(bytes));
