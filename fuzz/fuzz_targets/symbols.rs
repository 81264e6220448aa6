//! See `properties/src/symbols.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| hookbench_properties::symbols::holds(bytes));
