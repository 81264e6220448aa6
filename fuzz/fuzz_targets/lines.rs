//! See `properties/src/lines.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| hookbench_properties::lines::holds(bytes));
