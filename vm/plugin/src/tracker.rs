// SPDX-License-Identifier: GPL-2.0-or-later
//! Follows the guest from block to block: charges instructions to the call path that made them, and finds the path of
//! the next block. Knows blocks, not QEMU.

use std::collections::BTreeMap;

use crate::decode::{Decoded, Transfer};
use crate::stacks::{Frame, Stacks};
use crate::symbols::{Code, Entry};
use crate::tree::{Node, ROOT, Tree, USER};

/// A block as QEMU translated it: instructions that follow each other.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Block {
    /// The address of its first instruction.
    pub(crate) begin: u64,
    /// The address after its last one.
    pub(crate) end: u64,
    /// How many there are.
    pub(crate) instructions: u64,
    /// Whose code it is.
    pub(crate) code: Code,
    /// Its last instruction.
    pub(crate) last: Decoded,
}

impl Block {
    /// The address of the function, when a call leads here.
    fn function(&self) -> u64 {
        match self.code {
            Code::User => 0,
            Code::Known(begin, _) => begin,
            Code::Dynamic => self.begin,
        }
    }

    fn is_dynamic(&self) -> bool {
        self.code == Code::Dynamic
    }

    /// What reaches the block.
    fn entry(&self) -> Entry {
        match self.code {
            // One function has the stubs of all interrupts.
            Code::Known(_, Entry::Interrupt) => Entry::Interrupt,
            Code::Known(begin, entry) if begin == self.begin => entry,
            _ => Entry::None,
        }
    }
}

/// How the current block ends, as far as it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Leaving {
    /// By a jump or none.
    Other,
    /// By a transfer that uses this address of a stack.
    By(Transfer, u64),
}

/// Whether `code` is where interrupts and exceptions arrive.
fn is_stub(code: Code) -> bool {
    matches!(code, Code::Known(_, Entry::Fault | Entry::Interrupt))
}

/// The block that runs.
#[derive(Debug, Clone, Copy)]
struct Current {
    id: usize,
    block: Block,
    /// The count of instructions when it began.
    since: u64,
    leaving: Leaving,
    /// The accesses of its last instruction.
    accesses: u32,
    stored: bool,
}

/// See the module.
#[derive(Debug)]
pub(crate) struct Tracker {
    pub(crate) tree: Tree,
    stacks: Stacks,
    node: Node,
    current: Option<Current>,
    /// What the last interrupt interrupted, until the first call after it.
    interrupted: Option<Node>,
    /// The instructions that have been charged.
    charged: u64,
    /// The sum of the current window; `None` outside of one.
    sum: Option<u64>,
    /// What came between beginnings without an end.
    open: Vec<Window>,
}

/// The instructions of a window, by node and in all.
pub(crate) type Window = (Vec<(Node, u64)>, u64);

/// The most beginnings without an end. The oldest are forgotten.
const MOST_OPEN: usize = 8;

impl Tracker {
    /// A tracker that begins in user space, when `executed` instructions were counted.
    pub(crate) fn new(executed: u64) -> Tracker {
        Tracker {
            tree: Tree::new(),
            stacks: Stacks::default(),
            node: USER,
            current: None,
            interrupted: None,
            charged: executed,
            sum: None,
            open: Vec::new(),
        }
    }

    /// Begins a window. One that has begun goes on too: a child may begin its own and be killed.
    pub(crate) fn begin(&mut self, executed: u64) {
        self.charge(executed);
        let counts = self.tree.take_window();
        if let Some(sum) = self.sum.replace(0) {
            self.open.push((counts, sum));
            if self.open.len() > MOST_OPEN {
                self.open.remove(0);
            }
        }
    }

    /// Ends all windows that have begun. Returns them, the last first.
    pub(crate) fn end(&mut self, executed: u64) -> Vec<Window> {
        self.charge(executed);
        let Some(sum) = self.sum.take() else { return Vec::new() };
        let mut windows = vec![(self.tree.take_window(), sum)];
        let mut all: BTreeMap<Node, u64> = windows[0].0.iter().copied().collect();
        let mut whole = sum;
        for (counts, sum) in std::mem::take(&mut self.open).into_iter().rev() {
            counts.into_iter().for_each(|(node, count)| *all.entry(node).or_default() += count);
            whole += sum;
            windows.push((all.iter().map(|(node, count)| (*node, *count)).collect(), whole));
        }
        windows
    }

    fn charge(&mut self, executed: u64) {
        let instructions = executed.wrapping_sub(self.charged);
        self.charged = executed;
        if let Some(sum) = &mut self.sum {
            *sum += instructions;
            self.tree.add(self.node, instructions);
        }
    }

    /// The last instruction of the block `id` accessed memory. QEMU may say so of a block that has ended; that is
    /// ignored.
    pub(crate) fn access(&mut self, id: usize, address: u64, stored: bool) {
        let Some(current) = self.current.as_mut().filter(|current| current.id == id) else { return };
        current.accesses += 1;
        current.stored |= stored;
        let transfer = current.block.last.transfer;
        let uses_stack = match transfer {
            Transfer::Other => false,
            // `call *8(%rax)` reads first.
            Transfer::Call => stored,
            Transfer::Return | Transfer::InterruptReturn => current.leaving == Leaving::Other,
        };
        if uses_stack && current.block.code != Code::User {
            current.leaving = Leaving::By(transfer, address);
        }
    }

    /// `block` begins, when `executed` instructions were counted.
    pub(crate) fn enter(&mut self, id: usize, block: &Block, executed: u64) {
        self.charge(executed);
        let unfinished = self.current.is_some_and(|current| current.is_unfinished(executed));
        if block.entry() == Entry::Fault && unfinished {
            // The kernel's clock counts the instruction when it is repeated.
            self.tree.take_one(self.node);
            self.sum = self.sum.map(|sum| sum.saturating_sub(1));
        }
        self.node = self.node_of(block);
        let (leaving, since, block) = (Leaving::Other, executed, *block);
        self.current = Some(Current { id, block, since, leaving, accesses: 0, stored: false });
    }

    /// The path of `block`, which follows the current one.
    fn node_of(&mut self, block: &Block) -> Node {
        let (before, leaving) = self
            .current
            .map_or((Code::User, Leaving::Other), |current| (current.block.code, current.leaving));
        let interrupts = matches!(block.entry(), Entry::Fault | Entry::Interrupt);
        match (block.code, before, leaving) {
            (Code::User, ..) => {
                self.interrupted = None;
                USER
            }
            (_, Code::User, _) => {
                self.interrupted = interrupts.then_some(USER);
                self.called(ROOT, block)
            }
            (_, _, Leaving::By(Transfer::Call, stack)) => self.call(stack, block),
            (_, _, Leaving::By(Transfer::Return, stack)) => self.returned(stack, block),
            (_, _, Leaving::By(Transfer::InterruptReturn, stack)) => {
                let interrupted = self.stacks.take_interrupted(stack).or(self.interrupted.take());
                self.jumped(interrupted.unwrap_or(self.node), block)
            }
            // The stubs of interrupts jump to each other.
            _ if interrupts && !is_stub(before) => {
                self.interrupted = Some(self.node);
                self.called(self.node, block)
            }
            // The way back from an interrupt belongs to it.
            _ if is_stub(before) && !is_stub(block.code) => self.called(self.node, block),
            _ => self.jumped(self.node, block),
        }
    }

    fn call(&mut self, stack: u64, block: &Block) -> Node {
        if let Some(caller) = self.interrupted.take() {
            self.stacks.push(Frame { stack: stack + 8, caller, return_to: None });
        }
        let return_to = self.current.map(|current| current.block.end);
        self.stacks.push(Frame { stack, caller: self.node, return_to });
        self.called(self.node, block)
    }

    fn returned(&mut self, stack: u64, block: &Block) -> Node {
        if block.entry() == Entry::Task {
            self.stacks.forget(stack);
            return self.called(ROOT, block);
        }
        match self.stacks.take(stack) {
            Ok(frame) if frame.return_to == Some(block.begin) => frame.caller,
            // A retpoline: it calls itself and returns to its target.
            Ok(frame) if frame.caller == self.node => self.jumped(self.node, block),
            // The return address was replaced, as of a function with a return probe.
            Ok(frame) if self.is_in(frame.caller, block) => frame.caller,
            Ok(frame) => self.called(frame.caller, block),
            // The trampoline of a return probe returns to where the function should have.
            Err(_) if self.is_in(self.tree.parent(self.node), block) => self.tree.parent(self.node),
            Err(Some(inner)) => self.called(inner.caller, block),
            Err(None) => self.called(ROOT, block),
        }
    }

    /// The path of `block` after a jump from `node`: the same, or that of another function with the same caller.
    fn jumped(&mut self, node: Node, block: &Block) -> Node {
        if self.is_in(node, block) { node } else { self.called(self.tree.parent(node), block) }
    }

    fn called(&mut self, caller: Node, block: &Block) -> Node {
        self.tree.child(caller, block.function(), block.is_dynamic())
    }

    /// Whether `block` may belong to the function of `node`. Where functions of dynamic code begin is not known.
    fn is_in(&self, node: Node, block: &Block) -> bool {
        match block.code {
            Code::Dynamic => self.tree.is_dynamic(node),
            _ => node != ROOT && self.tree.function(node) == block.function(),
        }
    }
}

impl Current {
    /// Whether the block ended in the middle of an instruction, when `executed` instructions were counted.
    fn is_unfinished(&self, executed: u64) -> bool {
        let made = executed.wrapping_sub(self.since);
        let all = self.block.instructions;
        made > 0 && (made < all || !self.block.last.access.is_done(self.accesses, self.stored))
    }
}

#[cfg(test)]
mod tests;
