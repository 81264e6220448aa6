//! See `properties/src/syscalls.rs`.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| hookbench_properties::syscalls::holds(bytes));
