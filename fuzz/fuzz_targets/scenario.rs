//! See `properties/src/scenario.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| hookbench_properties::scenario::holds(bytes));
