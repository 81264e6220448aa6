//! See `harness/tests/plan/property.rs`. The harness itself would build the
//! guest's agent, for which there is no use here: its three files will do.
#![no_main]

#[allow(dead_code, unreachable_pub)]
#[path = "../../harness/src/own_name.rs"]
mod own_name;
#[allow(dead_code, unreachable_pub)]
#[path = "../../harness/src/plan.rs"]
mod plan;
#[allow(dead_code, unreachable_pub)]
#[path = "../../harness/src/select.rs"]
mod select;

#[path = "../../harness/tests/plan/property.rs"]
mod property;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| property::holds(bytes));
