//! See `properties/src/explanation.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| hookbench_properties::explanation::holds(bytes));
