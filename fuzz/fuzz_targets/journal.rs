//! See `properties/src/journal.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| hookbench_properties::journal::holds(bytes));
