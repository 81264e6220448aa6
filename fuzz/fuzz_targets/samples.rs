//! See `properties/src/samples.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| hookbench_properties::samples::holds(bytes));
