//! See `properties/src/rules.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| hookbench_properties::rules::holds(bytes));
