// SPDX-License-Identifier: GPL-2.0-or-later
//! Synthetic traces: blocks of functions that call each other, without QEMU.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::*;
use crate::decode::Access;

const ENTRY: u64 = 0xffff_ffff_8100_0000;
const OUTER: u64 = ENTRY + 0x1000;
const INNER: u64 = ENTRY + 0x2000;
const FAULT: u64 = ENTRY + 0x3000;
const INTERRUPT: u64 = ENTRY + 0x4000;
const TASK: u64 = ENTRY + 0x5000;
const THUNK: u64 = ENTRY + 0x6000;
const DYNAMIC: u64 = 0xffff_ffff_c000_0000;
const STACK: u64 = 0xffff_c900_0000_4000;

/// A guest that runs blocks of four instructions.
struct Guest {
    tracker: Tracker,
    executed: u64,
    blocks: usize,
}

impl Guest {
    fn new() -> Guest {
        let mut guest = Guest { tracker: Tracker::new(100), executed: 100, blocks: 0 };
        guest.run(0x401000, Transfer::Other);
        guest.tracker.begin(guest.executed);
        guest
    }

    /// Runs the block at `begin`, which ends like this.
    fn run(&mut self, begin: u64, transfer: Transfer) {
        self.start(begin, transfer);
        self.executed += 4;
    }

    fn start(&mut self, begin: u64, transfer: Transfer) {
        let entry = match begin & !0xfff {
            FAULT => Entry::Fault,
            INTERRUPT => Entry::Interrupt,
            TASK => Entry::Task,
            _ => Entry::None,
        };
        let code = match begin {
            0..0x8000_0000_0000_0000 => Code::User,
            DYNAMIC.. => Code::Dynamic,
            _ => Code::Known(begin & !0xfff, entry),
        };
        let access = if transfer == Transfer::Other { Access::Store } else { Access::Loads(1) };
        let block =
            Block { begin, end: begin + 16, instructions: 4, code, last: Decoded { transfer, access } };
        self.blocks += 1;
        self.tracker.enter(self.blocks, &block, self.executed);
    }

    /// The last instruction writes to `address`.
    fn store(&mut self, address: u64) {
        self.tracker.access(self.blocks, address, true);
    }

    /// The last instruction reads from `address`.
    fn load(&mut self, address: u64) {
        self.tracker.access(self.blocks, address, false);
    }

    fn call(&mut self, begin: u64, stack: u64) {
        self.run(begin, Transfer::Call);
        self.store(stack);
    }

    fn ret(&mut self, begin: u64, stack: u64) {
        self.run(begin, Transfer::Return);
        self.load(stack);
    }

    fn iret(&mut self, begin: u64, stack: u64) {
        self.run(begin, Transfer::InterruptReturn);
        self.load(stack);
    }

    /// The instructions of the window by path, as hexadecimal digits of functions.
    fn window(mut self) -> (BTreeMap<String, u64>, u64) {
        let (counts, sum) = self.tracker.end(self.executed).remove(0);
        let path = |node| {
            let (mut path, mut at) = (Vec::new(), node);
            while at != ROOT {
                path.push(name(self.tracker.tree.function(at)));
                at = self.tracker.tree.parent(at);
            }
            path.reverse();
            path.join(";")
        };
        (counts.into_iter().map(|(node, count)| (path(node), count)).collect(), sum)
    }

    fn paths(self) -> BTreeMap<String, u64> {
        self.window().0
    }
}

fn name(function: u64) -> String {
    match function {
        0 => "user".into(),
        ENTRY => "entry".into(),
        OUTER => "outer".into(),
        INNER => "inner".into(),
        FAULT => "fault".into(),
        INTERRUPT => "interrupt".into(),
        TASK => "task".into(),
        THUNK => "thunk".into(),
        other => format!("{:x}", other & 0xffff),
    }
}

fn counts(all: &[(&str, u64)]) -> BTreeMap<String, u64> {
    all.iter().map(|(path, count)| (path.to_string(), *count)).collect()
}

#[test]
fn calls_and_returns_make_paths() {
    let mut guest = Guest::new();
    guest.call(ENTRY, STACK - 8);
    guest.call(OUTER, STACK - 16);
    guest.ret(INNER, STACK - 16);
    guest.ret(OUTER + 16, STACK - 8);
    guest.run(ENTRY + 16, Transfer::Other);
    guest.run(0x401010, Transfer::Other);
    let (paths, sum) = guest.window();
    let expected = [("user", 4), ("entry", 8), ("entry;outer", 8), ("entry;outer;inner", 4)];
    assert_eq!((paths, sum), (counts(&expected), 24));
}

#[test]
fn a_tail_call_replaces_its_caller_and_returns_to_the_callers_caller() {
    let mut guest = Guest::new();
    guest.call(ENTRY, STACK - 8);
    guest.run(OUTER, Transfer::Other);
    guest.ret(INNER, STACK - 8);
    guest.run(ENTRY + 16, Transfer::Other);
    assert_eq!(guest.paths(), counts(&[("entry", 8), ("entry;outer", 4), ("entry;inner", 4)]));
}

#[test]
fn a_retpoline_is_a_tail_call() {
    let mut guest = Guest::new();
    guest.call(ENTRY, STACK - 8);
    guest.call(THUNK, STACK - 16);
    guest.ret(THUNK + 32, STACK - 16);
    guest.ret(INNER, STACK - 8);
    guest.run(ENTRY + 16, Transfer::Other);
    // The thunk calls itself.
    let expected = [("entry", 8), ("entry;thunk", 4), ("entry;thunk;thunk", 4), ("entry;thunk;inner", 4)];
    assert_eq!(guest.paths(), counts(&expected));
}

#[test]
fn an_interrupt_is_called_by_what_it_interrupts_and_returns_there() {
    let mut guest = Guest::new();
    guest.call(ENTRY, STACK - 8);
    guest.run(OUTER, Transfer::Other);
    guest.store(0);
    guest.run(INTERRUPT + 8, Transfer::Other);
    guest.call(INTERRUPT + 64, STACK - 72);
    guest.ret(INNER, STACK - 72);
    guest.iret(INTERRUPT + 80, STACK - 64);
    guest.ret(OUTER + 16, STACK - 8);
    guest.run(ENTRY + 16, Transfer::Other);
    let expected =
        [("entry", 8), ("entry;outer", 8), ("entry;outer;interrupt", 12), ("entry;outer;interrupt;inner", 4)];
    assert_eq!(guest.paths(), counts(&expected));
}

#[test]
fn a_window_goes_on_when_another_begins_that_never_ends() {
    let mut guest = Guest::new();
    guest.run(OUTER, Transfer::Other);
    guest.tracker.begin(guest.executed);
    guest.run(OUTER, Transfer::Other);
    guest.run(INNER, Transfer::Other);
    let sums: Vec<u64> = guest.tracker.end(guest.executed).into_iter().map(|(_, sum)| sum).collect();
    assert_eq!(sums, [8, 12]);
    assert!(guest.tracker.end(guest.executed).is_empty());
}

#[test]
fn the_way_back_from_an_interrupt_belongs_to_it() {
    let mut guest = Guest::new();
    guest.run(OUTER, Transfer::Other);
    guest.run(INTERRUPT, Transfer::Other);
    guest.run(INNER, Transfer::Other);
    guest.iret(OUTER + 16, STACK);
    let paths = guest.paths();
    assert!(paths.keys().any(|path| path.ends_with("outer;interrupt;inner")), "{paths:?}");
    assert!(paths.keys().any(|path| path.ends_with("outer")), "{paths:?}");
}

#[test]
fn an_instruction_that_faults_counts_when_it_is_repeated() {
    for (made, stored) in [(2, false), (4, false)] {
        let mut guest = Guest::new();
        guest.start(ENTRY, Transfer::Other);
        guest.executed += made;
        if stored {
            guest.store(0);
        }
        guest.iret(FAULT, STACK - 64);
        guest.run(ENTRY + 8, Transfer::Other);
        let (paths, sum) = guest.window();
        let expected = [("entry", made - 1 + 4), ("entry;fault", 4)];
        assert_eq!((paths, sum), (counts(&expected), made - 1 + 8));
    }
}

#[test]
fn a_fault_after_a_whole_block_takes_nothing_away() {
    let mut guest = Guest::new();
    guest.run(ENTRY, Transfer::Other);
    guest.store(0);
    guest.iret(FAULT, STACK - 64);
    guest.run(ENTRY + 16, Transfer::Other);
    assert_eq!(guest.paths(), counts(&[("entry", 8), ("entry;fault", 4)]));
}

#[test]
fn a_context_switch_is_a_return_on_another_stack() {
    let other = STACK + 0x8000;
    let mut guest = Guest::new();
    guest.call(ENTRY, STACK - 8);
    guest.call(OUTER, STACK - 16);
    // The scheduler returns on the stack of a new task, which goes to user space and calls, too.
    guest.ret(INNER, other - 16);
    guest.run(TASK, Transfer::Other);
    guest.run(0x402000, Transfer::Other);
    guest.call(ENTRY, other - 8);
    guest.call(OUTER, other - 16);
    guest.ret(INNER, STACK - 16);
    guest.ret(OUTER + 16, STACK - 8);
    guest.run(ENTRY + 16, Transfer::Other);
    let expected = [("user", 4), ("task", 4), ("entry", 12), ("entry;outer", 12), ("entry;outer;inner", 8)];
    assert_eq!(guest.paths(), counts(&expected));
}

#[test]
fn dynamic_code_is_a_function_from_where_it_is_called() {
    let mut guest = Guest::new();
    guest.call(ENTRY, STACK - 8);
    guest.run(DYNAMIC, Transfer::Other);
    guest.call(DYNAMIC + 16, STACK - 16);
    guest.ret(DYNAMIC + 0x100, STACK - 16);
    guest.ret(DYNAMIC + 32, STACK - 8);
    guest.run(ENTRY + 16, Transfer::Other);
    assert_eq!(guest.paths(), counts(&[("entry", 8), ("entry;0", 12), ("entry;0;100", 4)]));
}

#[test]
fn a_replaced_return_address_leads_to_a_trampoline_and_back() {
    let mut guest = Guest::new();
    guest.call(ENTRY, STACK - 8);
    guest.ret(OUTER, STACK - 8);
    guest.ret(THUNK, STACK - 8);
    guest.run(ENTRY + 16, Transfer::Other);
    assert_eq!(guest.paths(), counts(&[("entry", 8), ("entry;outer", 4), ("entry;thunk", 4)]));
}

#[test]
fn a_callback_of_a_block_that_has_ended_is_ignored() {
    let mut guest = Guest::new();
    guest.call(ENTRY, STACK - 8);
    let old = guest.blocks;
    guest.run(OUTER, Transfer::Return);
    guest.tracker.access(old, 0, true);
    guest.load(STACK - 8);
    guest.run(ENTRY + 16, Transfer::Other);
    assert_eq!(guest.paths(), counts(&[("entry", 8), ("entry;outer", 4)]));
}

#[test]
fn only_a_window_that_began_ends() {
    let mut guest = Guest::new();
    guest.run(ENTRY, Transfer::Other);
    guest.tracker.begin(guest.executed);
    guest.run(ENTRY + 16, Transfer::Other);
    let (_, sum) = guest.tracker.end(guest.executed).remove(0);
    assert_eq!((sum, guest.tracker.end(guest.executed)), (4, Vec::new()));
}

/// What a guest does next.
#[derive(Debug, Clone, Copy)]
enum Step {
    /// Calls one of a few functions.
    Call(u64),
    /// Returns.
    Return,
    /// Takes an interrupt, whose handler calls a function, and returns.
    Interrupt,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![(1_u64..4).prop_map(Step::Call), Just(Step::Return), Just(Step::Interrupt)];
    proptest::collection::vec(step, 0..60)
}

proptest! {
    /// The paths are those of a machine that knows its stack of calls.
    #[test]
    fn any_nesting_of_calls_and_interrupts_is_followed(steps in steps()) {
        let mut guest = Guest::new();
        let mut calls: Vec<u64> = vec![ENTRY];
        let mut expected: BTreeMap<String, u64> = BTreeMap::new();
        let mut charge = |calls: &[u64], rest: &str| {
            let path = calls.iter().map(|function| name(*function)).collect::<Vec<_>>().join(";");
            *expected.entry(path + rest).or_default() += 4;
        };
        let stack = |depth: usize| STACK - 8 - 8 * depth as u64;
        let mut at = ENTRY;
        for step in steps {
            let depth = calls.len();
            match step {
                Step::Call(function) if depth < 20 => {
                    charge(&calls, "");
                    guest.call(at, stack(depth));
                    // A call returns to the block after it.
                    at = ENTRY + function * 0x1000;
                    if at == FAULT { at = THUNK; }
                    calls.push(at);
                }
                Step::Return if depth > 1 => {
                    charge(&calls, "");
                    guest.ret(at, stack(depth - 1));
                    calls.pop();
                    at = calls.last().unwrap() + 16;
                }
                Step::Interrupt => {
                    charge(&calls, "");
                    guest.run(at, Transfer::Other);
                    guest.store(0);
                    charge(&calls, ";interrupt");
                    guest.call(INTERRUPT, stack(depth) - 64);
                    charge(&calls, ";interrupt;inner");
                    guest.ret(INNER, stack(depth) - 64);
                    charge(&calls, ";interrupt");
                    guest.iret(INTERRUPT + 16, stack(depth) - 56);
                    at = (at & !0xfff) + 16;
                }
                Step::Call(_) | Step::Return => {}
            }
            at = (at & !0xfff) | (at & 0xfff).min(16);
        }
        let (paths, sum) = guest.window();
        prop_assert_eq!(sum, expected.values().sum::<u64>());
        prop_assert_eq!(paths, expected);
    }

    /// Whatever a guest does, nothing is lost: the paths of a window add up to its sum.
    #[test]
    fn any_trace_adds_up(blocks in proptest::collection::vec((0_u64..9, 0_u64..3, any::<bool>(), 0_u64..64), 0..80)) {
        let mut guest = Guest::new();
        for (function, transfer, accesses, place) in blocks {
            let begin = match function {
                0 => 0x401000,
                8 => DYNAMIC + 16 * place,
                _ => ENTRY + (function - 1) * 0x1000 + 16 * (place & 1),
            };
            let kinds = [Transfer::Other, Transfer::Call, Transfer::Return, Transfer::InterruptReturn];
            guest.run(begin, kinds[transfer as usize]);
            if accesses {
                guest.tracker.access(guest.blocks, STACK - 8 * place, transfer < 2);
            }
        }
        let (paths, sum) = guest.window();
        prop_assert_eq!(paths.values().sum::<u64>(), sum);
    }
}
