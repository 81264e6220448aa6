//! A custom sequence of system calls, made one after the other. Each is timed alone: the work between them, such as
//! finding arguments, is in no number. How a file describes them is in `ask/`.

use std::io;

use hookbench_model::custom_workload::{Argument, Call, Expect, Memory, Sequence};
use hookbench_model::{Enforcement, Params, Refusal};

use crate::denial::Untimed;
use crate::stopwatch::{calibrate, timed_call};
use crate::unwatched::{MPROTECTS, mprotects};
use crate::{Effect, Operation, Operations, Timed, Way, WayFacts};

impl Way for Sequence {
    /// A sequence without a behaviour calls mprotect at its end: otherwise a deaf monitor could pass for a cheap
    /// one.
    fn facts(&self) -> WayFacts {
        let (events, events_at_end) = match self.behaviour {
            Some(_) => (self.events.into(), 0),
            None => (0, MPROTECTS),
        };
        WayFacts { events, events_at_end, ..WayFacts::new("syscalls") }
    }

    fn prepare(&self, _: &Params, enforcement: Enforcement) -> io::Result<Box<dyn Operation>> {
        let mut state = State {
            memory: self.memory.iter().map(Memory::made).collect(),
            results: vec![0; self.results as usize],
            empty: calibrate(),
        };
        make_untimed("setup", &self.setup, &mut state)?;
        let untimed = Untimed::under(enforcement);
        let stopped = enforcement.refusal().is_some();
        Ok(Box::new(Calling { sequence: self.clone(), state, returned: 0, stopped, untimed }))
    }

    /// A refused call ends its operation. Which one a custom monitor refuses is not known here: the samples say
    /// that one was.
    fn effect(&self, _: &Params, operations: Operations) -> Effect {
        match operations.last_passed() {
            true => Effect::LastReturned(self.call.len() as u64),
            false => Effect::Nothing,
        }
    }
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

    /// Makes the call. Returns what it took and what it returned.
    fn make(&mut self, call: &Call) -> io::Result<(u64, i64)> {
        let mut args = [0; 6];
        for (place, argument) in args.iter_mut().zip(&call.args) {
            *place = self.value(*argument)?;
        }
        // SAFETY: addresses are those of `memory`, which does not move while `self` lives. The user is responsible
        // for what the call does to this process, which is a worker in a machine that ends with it.
        let (elapsed, result) = unsafe { timed_call(call.number.into(), &args) };
        if let Some(place) = call.result.and_then(|place| self.results.get_mut(place as usize)) {
            *place = result;
        }
        Ok((elapsed, result))
    }
}

/// Makes calls that are not timed. Fails if one does not return what it has to.
fn make_untimed(part: &str, calls: &[Call], state: &mut State) -> io::Result<()> {
    calls.iter().try_for_each(|call| match state.make(call)? {
        (_, result) if call.expect.holds(result) => Ok(()),
        (_, result) => Err(wrong_result(part, call, result)),
    })
}

fn wrong_result(part: &str, call: &Call, result: i64) -> io::Error {
    let word = |result: i64| match error_number(result) {
        Some(number) => Refusal::Errno(number).to_string(),
        None => result.to_string(),
    };
    let expected = match call.expect {
        Expect::Anything | Expect::AtLeast(0) => "success".into(),
        Expect::AtLeast(least) => format!("at least {least}"),
        Expect::Exactly(exactly) => word(exactly),
    };
    io::Error::other(format!("{} of {part} returned {} instead of {expected}", call.name, word(result)))
}

fn error_number(result: i64) -> Option<i32> {
    (-4095..0).contains(&result).then(|| -result as i32)
}

struct Calling {
    sequence: Sequence,
    state: State,
    /// How many calls of the last operation returned what they have to.
    returned: u64,
    /// Whether a monitor has to stop the operations.
    stopped: bool,
    /// How the calls of mprotect at the end may be refused.
    untimed: Untimed,
}

impl Operation for Calling {
    fn arm(&mut self) -> io::Result<()> {
        make_untimed("before", &self.sequence.before, &mut self.state)
    }

    fn run_once(&mut self) -> io::Result<Timed> {
        let Calling { sequence, state, returned, .. } = self;
        let mut elapsed = 0;
        *returned = 0;
        for (index, call) in sequence.call.iter().enumerate() {
            let (took, result) = state.make(call)?;
            // One empty section is in every sample of every workload.
            elapsed += if index == 0 { took } else { took.saturating_sub(state.empty) };
            if call.expect.holds(result) {
                *returned += 1;
                continue;
            }
            let number = error_number(result).ok_or_else(|| wrong_result("call", call, result))?;
            return Ok(Timed { elapsed, refused: Some(Refusal::Errno(number)) });
        }
        Ok(Timed { elapsed, refused: None })
    }

    fn settle(&mut self) -> io::Result<()> {
        make_untimed("after", &self.sequence.after, &mut self.state)
    }

    fn effect(&mut self) -> io::Result<Effect> {
        let refused = self.stopped && self.returned < self.sequence.call.len() as u64;
        Ok(if refused { Effect::Nothing } else { Effect::LastReturned(self.returned) })
    }

    fn finish(&mut self) -> io::Result<()> {
        make_untimed("teardown", &self.sequence.teardown, &mut self.state)?;
        if self.sequence.behaviour.is_none() { mprotects(self.untimed) } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use hookbench_model::custom_workload::Expect;

    fn call(name: &str, number: i64, args: Vec<Argument>, result: Option<u32>, expect: Expect) -> Call {
        Call { name: name.into(), number: number as u32, args, result, expect }
    }

    fn prepare(sequence: &Sequence) -> io::Result<Box<dyn Operation>> {
        Way::prepare(sequence, Params::NONE, Enforcement::Observes)
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
    fn calls_find_what_earlier_calls_left() {
        let mut operation = prepare(&pipe()).unwrap();
        assert_eq!(operation.effect().unwrap(), Effect::LastReturned(0));
        for _ in 0..2 {
            operation.arm().unwrap();
            let timed = operation.run_once().unwrap();
            assert!(timed.elapsed > 0 && timed.refused.is_none());
            operation.settle().unwrap();
        }
        assert_eq!(operation.effect().unwrap(), Effect::LastReturned(2));
        operation.finish().unwrap();
    }

    #[test]
    fn an_unexpected_result_is_a_refusal_or_an_error() {
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
