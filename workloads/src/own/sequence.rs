//! System calls of a user's own, made one after the other. Each is timed for itself, so
//! that what is done between them here, to find its arguments, is in no number.

use std::io;

use hookbench_model::Refusal;
use hookbench_model::custom_workload::{Argument, Call, Memory, Sequence};

use crate::null_syscall::{MPROTECTS, mprotects};
use crate::stopwatch::{calibrate, timed_call};
use crate::{Operation, Timed};

/// Whoever performs no behaviour calls mprotect at the end, so that a deaf monitor
/// cannot pass for a cheap one.
pub(super) fn events(sequence: &Sequence, operations: u64) -> u64 {
    match sequence.behaviour {
        Some(_) => operations * u64::from(sequence.events),
        None => MPROTECTS,
    }
}

pub(super) fn prepare(sequence: &Sequence) -> io::Result<Box<dyn Operation>> {
    let mut state = State {
        memory: sequence.memory.iter().map(Memory::made).collect(),
        results: vec![0; sequence.results as usize],
        empty: calibrate(),
    };
    untimed("setup", &sequence.setup, &mut state)?;
    Ok(Box::new(Calling { sequence: sequence.clone(), state }))
}

/// What calls leave behind for those that follow.
struct State {
    memory: Vec<Vec<u8>>,
    results: Vec<i64>,
    /// What an empty timed section costs.
    empty: u64,
}

impl State {
    fn value(&mut self, argument: Argument) -> io::Result<i64> {
        let unknown = || io::Error::other("an argument that points to nothing");
        Ok(match argument {
            Argument::Number(number) => number,
            Argument::Result(place) => *self.results.get(place as usize).ok_or_else(unknown)?,
            Argument::Address(place) => {
                self.memory.get_mut(place as usize).ok_or_else(unknown)?.as_mut_ptr() as i64
            }
            Argument::Word(place, offset) => {
                let bytes = self.memory.get(place as usize).ok_or_else(unknown)?.get(offset as usize..);
                let word = bytes.and_then(|bytes| bytes.first_chunk()).ok_or_else(unknown)?;
                i32::from_ne_bytes(*word).into()
            }
        })
    }

    /// Makes the call: what it took and what it returned.
    fn make(&mut self, call: &Call) -> io::Result<(u64, i64)> {
        let mut args = [0; 6];
        for (place, argument) in args.iter_mut().zip(&call.args) {
            *place = self.value(*argument)?;
        }
        // SAFETY: addresses are those of `memory`, which stays where it is as long as
        // this. What a user's call does to this process is the user's: it is a process
        // of its own, in a machine that ends with it.
        let (elapsed, result) = unsafe { timed_call(call.number.into(), &args) };
        if let Some(place) = call.result.and_then(|place| self.results.get_mut(place as usize)) {
            *place = result;
        }
        Ok((elapsed, result))
    }
}

/// Makes calls that are not timed, and that have to return what they are to.
fn untimed(part: &str, calls: &[Call], state: &mut State) -> io::Result<()> {
    calls.iter().try_for_each(|call| match state.make(call)? {
        (_, result) if call.expect.holds(result) => Ok(()),
        (_, result) => Err(wrong(part, call, result)),
    })
}

fn wrong(part: &str, call: &Call, result: i64) -> io::Error {
    let returned = match error_number(result) {
        Some(number) => Refusal::Errno(number).to_string(),
        None => result.to_string(),
    };
    io::Error::other(format!("{} of {part} returned {returned}, not {:?}", call.name, call.expect))
}

fn error_number(result: i64) -> Option<i32> {
    (-4095..0).contains(&result).then(|| -result as i32)
}

struct Calling {
    sequence: Sequence,
    state: State,
}

impl Operation for Calling {
    fn arm(&mut self) -> io::Result<()> {
        untimed("before", &self.sequence.before, &mut self.state)
    }

    fn run_once(&mut self) -> io::Result<Timed> {
        let Calling { sequence, state } = self;
        let mut elapsed = 0;
        for (index, call) in sequence.call.iter().enumerate() {
            let (took, result) = state.make(call)?;
            // One empty section is in every sample of every workload.
            elapsed += if index == 0 { took } else { took.saturating_sub(state.empty) };
            if call.expect.holds(result) {
                continue;
            }
            let number = error_number(result).ok_or_else(|| wrong("call", call, result))?;
            return Ok(Timed { elapsed, refused: Some(Refusal::Errno(number)) });
        }
        Ok(Timed { elapsed, refused: None })
    }

    fn settle(&mut self) -> io::Result<()> {
        untimed("after", &self.sequence.after, &mut self.state)
    }

    fn finish(&mut self) -> io::Result<()> {
        untimed("teardown", &self.sequence.teardown, &mut self.state)?;
        if self.sequence.behaviour.is_none() { mprotects() } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hookbench_model::custom_workload::Expect;

    fn call(name: &str, number: i64, args: Vec<Argument>, result: Option<u32>, expect: Expect) -> Call {
        Call { name: name.into(), number: number as u32, args, result, expect }
    }

    /// pipe2 into memory, write, read, close both.
    fn pipe() -> Sequence {
        let (reader, writer) = (Argument::Word(0, 0), Argument::Word(0, 4));
        let one = Argument::Number(1);
        let zero = Expect::Exactly(0);
        Sequence {
            setup: vec![call(
                "pipe2",
                libc::SYS_pipe2,
                vec![Argument::Address(0), Argument::Number(0)],
                None,
                zero,
            )],
            before: vec![call(
                "write",
                libc::SYS_write,
                vec![writer, Argument::Address(1), one],
                None,
                Expect::Exactly(1),
            )],
            call: vec![
                call(
                    "read",
                    libc::SYS_read,
                    vec![reader, Argument::Address(2), one],
                    Some(0),
                    Expect::AtLeast(1),
                ),
                call("getppid", libc::SYS_getppid, vec![], None, Expect::AtLeast(0)),
            ],
            teardown: vec![
                call("close", libc::SYS_close, vec![reader], None, zero),
                call("close", libc::SYS_close, vec![writer], None, zero),
            ],
            memory: [(8, ""), (1, "x"), (1, "")]
                .map(|(size, bytes)| Memory { size, bytes: bytes.into() })
                .to_vec(),
            results: 1,
            ..Sequence::default()
        }
    }

    #[test]
    fn calls_find_what_earlier_ones_left() {
        let mut operation = prepare(&pipe()).unwrap();
        for _ in 0..2 {
            operation.arm().unwrap();
            let timed = operation.run_once().unwrap();
            assert!(timed.elapsed > 0 && timed.refused.is_none());
            operation.settle().unwrap();
        }
        operation.finish().unwrap();
    }

    #[test]
    fn what_is_not_expected_is_a_refusal_or_an_error() {
        let mut sequence = pipe();
        sequence.call =
            vec![call("close", libc::SYS_close, vec![Argument::Number(-1)], None, Expect::AtLeast(0))];
        let timed = prepare(&sequence).unwrap().run_once().unwrap();
        assert_eq!(timed.refused, Some(Refusal::Errno(libc::EBADF)));
        sequence.call = vec![call("getppid", libc::SYS_getppid, vec![], None, Expect::Exactly(-2))];
        let error = prepare(&sequence).unwrap().run_once().unwrap_err().to_string();
        assert!(error.contains("getppid of call returned"), "{error}");
        sequence.setup =
            vec![call("close", libc::SYS_close, vec![Argument::Result(9)], None, Expect::Anything)];
        assert!(prepare(&sequence).is_err());
    }
}
