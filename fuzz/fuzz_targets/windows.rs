//! See `properties/src/windows.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| hookbench_properties::windows::holds(bytes));
