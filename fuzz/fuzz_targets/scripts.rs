//! See `properties/src/scripts.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| hookbench_properties::scripts::holds(bytes));
