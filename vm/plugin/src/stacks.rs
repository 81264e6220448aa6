// SPDX-License-Identifier: GPL-2.0-or-later
//! Shadow stacks: who called at which address of a stack, so a return finds its caller. They are kept by the place in
//! memory, not by task: a context switch is only another place.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use crate::tree::Node;

/// A kernel stack is 16 KiB, and aligned to that.
const STACK_BITS: u32 = 14;

/// The most stacks. When there are more, all are forgotten; returns then find their caller by the function.
const MOST: usize = 1 << 16;

/// A call that has not returned, or an interrupted function.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Frame {
    /// Where on the stack the return address is.
    pub(crate) stack: u64,
    /// Who called, or was interrupted.
    pub(crate) caller: Node,
    /// Where the call returns to; `None` of an interrupt.
    pub(crate) return_to: Option<u64>,
}

/// All stacks.
#[derive(Debug, Default)]
pub(crate) struct Stacks(HashMap<u64, Vec<Frame>, BuildHasherDefault<Multiply>>);

impl Stacks {
    fn frames(&mut self, stack: u64) -> &mut Vec<Frame> {
        if self.0.len() > MOST {
            self.0.clear();
        }
        self.0.entry(stack >> STACK_BITS).or_default()
    }

    /// Puts a frame on its stack, in place of those that are no longer above it.
    pub(crate) fn push(&mut self, frame: Frame) {
        let frames = self.frames(frame.stack);
        while frames.pop_if(|top| top.stack <= frame.stack).is_some() {}
        frames.push(frame);
    }

    /// Takes the frame whose return address is at `stack`. Without one, returns the innermost frame that remains.
    pub(crate) fn take(&mut self, stack: u64) -> Result<Frame, Option<Frame>> {
        let frames = self.frames(stack);
        while frames.pop_if(|top| top.stack < stack).is_some() {}
        frames.pop_if(|top| top.stack == stack).ok_or_else(|| frames.last().copied())
    }

    /// Takes all frames up to `stack`, where a return from an interrupt finds its state. Returns what was
    /// interrupted.
    pub(crate) fn take_interrupted(&mut self, stack: u64) -> Option<Node> {
        let frames = self.frames(stack);
        let mut interrupted = None;
        while let Some(frame) = frames.pop_if(|top| top.stack <= stack) {
            interrupted = frame.return_to.is_none().then_some(frame.caller).or(interrupted);
        }
        interrupted
    }

    /// Forgets the stack that `stack` is in: a new task begins there.
    pub(crate) fn forget(&mut self, stack: u64) {
        self.frames(stack).clear();
    }
}

/// Hashes a number by one multiplication. Each call and each return looks for its stack.
#[derive(Debug, Default)]
pub(crate) struct Multiply(u64);

impl Hasher for Multiply {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.write_u64(u64::from(*byte)));
    }

    fn write_u64(&mut self, number: u64) {
        self.0 = (self.0 ^ number).wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(32);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::{ROOT, USER};
    use proptest::prelude::*;

    const TOP: u64 = 0xffff_c900_0000_4000;

    fn call(depth: u64) -> Frame {
        Frame { stack: TOP - 8 * depth, caller: ROOT, return_to: Some(depth) }
    }

    #[test]
    fn a_return_finds_its_call_and_drops_what_was_left_out() {
        let mut stacks = Stacks::default();
        (1..=4).for_each(|depth| stacks.push(call(depth)));
        assert_eq!(stacks.take(call(4).stack), Ok(call(4)));
        // As after longjmp: the frames below are gone.
        assert_eq!(stacks.take(call(2).stack), Ok(call(2)));
        assert_eq!(stacks.take(call(2).stack), Err(Some(call(1))));
        assert_eq!(stacks.take(TOP - 0x4000 - 8), Err(None));
    }

    #[test]
    fn an_interrupt_returns_to_what_it_interrupted() {
        let mut stacks = Stacks::default();
        stacks.push(call(1));
        stacks.push(Frame { caller: USER, return_to: None, ..call(10) });
        stacks.push(call(11));
        assert_eq!(stacks.take_interrupted(call(8).stack), Some(USER));
        assert_eq!(stacks.take(call(1).stack), Ok(call(1)));
        assert_eq!(stacks.take_interrupted(TOP - 8), None);
    }

    #[test]
    fn a_new_task_has_an_empty_stack() {
        let mut stacks = Stacks::default();
        stacks.push(call(1));
        stacks.push(Frame { stack: TOP + 0x3ff8, ..call(1) });
        stacks.forget(TOP - 0x100);
        assert_eq!(stacks.take(call(1).stack), Err(None));
        assert!(stacks.take(TOP + 0x3ff8).is_ok());
    }

    proptest! {
        /// Two tasks that call and return in any order, switching between their stacks.
        #[test]
        fn nested_calls_return_in_order_whatever_task_runs(steps in proptest::collection::vec((any::<bool>(), any::<bool>()), 0..200)) {
            let mut stacks = Stacks::default();
            let mut depths = [0, 0];
            for (task, calls) in steps {
                let depth = &mut depths[usize::from(task)];
                let frame = |depth| Frame { stack: call(depth).stack + u64::from(task) * 0x4000, ..call(depth) };
                if calls && *depth < 100 {
                    *depth += 1;
                    stacks.push(frame(*depth));
                } else if *depth > 0 {
                    prop_assert_eq!(stacks.take(frame(*depth).stack), Ok(frame(*depth)));
                    *depth -= 1;
                }
            }
        }
    }
}
