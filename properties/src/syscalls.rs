//! A custom workload's file of system calls.

use hookbench_model::custom_workload::{Argument, Call, Sequence};
use hookbench_workloads::custom::ask;

use crate::memory;

/// An accepted file refers only to results and memory that it has, and is the same after
/// its way to a guest. The error of any other file has a limited length.
pub fn holds(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let room = 4_096 * bytes.len() + (4 << 20);
    let sequence = match memory::within(room, || ask::sequence(text)) {
        Ok(sequence) => sequence,
        Err(wrong) => return assert!(wrong.to_string().len() <= 4 * bytes.len() + 4_096, "{wrong}"),
    };
    let json = serde_json::to_vec(&sequence).expect("JSON");
    assert_eq!(serde_json::from_slice::<Sequence>(&json).expect("the same sequence"), sequence);
    let Sequence { setup, before, call, after, teardown, .. } = &sequence;
    assert!(!call.is_empty());
    let calls = [setup, before, call, after, teardown].into_iter().flatten();
    calls.for_each(|call| refers_to_what_exists(&sequence, call));
}

fn refers_to_what_exists(sequence: &Sequence, call: &Call) {
    assert!(call.args.len() <= 6);
    assert!(call.result.is_none_or(|place| place < sequence.results));
    for argument in &call.args {
        let there = match *argument {
            Argument::Number(_) => true,
            Argument::Result(place) => place < sequence.results,
            Argument::Address(place) => sequence.memory.get(place as usize).is_some(),
            Argument::Word(place, at) => sequence
                .memory
                .get(place as usize)
                .is_some_and(|memory| u64::from(at) + 4 <= memory.size.into()),
        };
        assert!(there, "{argument:?}");
    }
}
