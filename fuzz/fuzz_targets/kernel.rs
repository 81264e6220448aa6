//! See `properties/src/kernel.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| hookbench_properties::kernel::holds(bytes));
