//! See `properties/src/ledger.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| hookbench_properties::ledger::holds(bytes));
