//! See `properties/src/plan.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| hookbench_properties::plan::holds(bytes));
