//! BPF objects that users supply.

use std::collections::BTreeSet;

use hookbench_vm::bpf_object;

use crate::memory;

/// Reading an object keeps the limits on memory. A program in an array is a program of the
/// object, and so is the one that calls it.
pub fn holds(bytes: &[u8]) {
    let room = (4 << 20) + 64 * bytes.len();
    match memory::within(room, || bpf_object::read(bytes)) {
        Ok(object) => {
            let programs: BTreeSet<&String> = object.programs.iter().collect();
            assert!(!programs.is_empty());
            for held in &object.held {
                assert!(programs.contains(&held.name));
                assert!(held.called_by.as_ref().is_none_or(|caller| programs.contains(caller)));
            }
        }
        Err(error) => assert!(format!("{error:#}").len() < 2_000),
    }
}
