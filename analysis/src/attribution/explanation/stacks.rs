//! The operations as folded stacks, `outer;inner` with the instructions of the innermost function alone. Flame graphs
//! are drawn from them.

use std::collections::BTreeMap;

use super::names::normalized;
use super::{Explanation, Frame};

/// How functions are named.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Names {
    /// As the kernel names them.
    Exact,
    /// Without what differs between kernels.
    Normalized,
}

impl Names {
    pub(super) fn of(self, name: &str) -> String {
        match self {
            Names::Exact => name.into(),
            Names::Normalized => normalized(name),
        }
    }
}

/// Instructions by stack. Stacks without instructions are left out.
pub type Stacks = BTreeMap<String, u64>;

impl Explanation {
    /// The cell's operation.
    #[must_use]
    pub fn operation_stacks(&self, names: Names) -> Stacks {
        self.stacks(names, |frame| frame.operation)
    }

    /// The baseline's operation.
    #[must_use]
    pub fn reference_stacks(&self, names: Names) -> Stacks {
        self.stacks(names, |frame| frame.reference)
    }

    /// The hook. Functions that do less because of the monitor are left out.
    #[must_use]
    pub fn hook_stacks(&self, names: Names) -> Stacks {
        self.stacks(names, of_hook)
    }

    /// The cell's operation. The names of functions that run only because of the monitor end with `mark`.
    #[must_use]
    pub fn marked_operation(&self, mark: &str) -> Stacks {
        self.marked(mark, |frame| frame.operation)
    }

    /// The hook, marked like [`Explanation::marked_operation`].
    #[must_use]
    pub fn marked_hook(&self, mark: &str) -> Stacks {
        self.marked(mark, of_hook)
    }

    fn marked(&self, mark: &str, count: impl Fn(&Frame) -> u64) -> Stacks {
        let is_own = self.are_own();
        let mut stacks = Stacks::new();
        let mut above: Vec<String> = Vec::with_capacity(self.frames.len());
        for (index, frame) in self.frames.iter().enumerate() {
            let caller = frame.caller.map_or(String::new(), |caller| above[caller].clone() + ";");
            let stack = caller + &self.names[frame.name] + if is_own[index] { mark } else { "" };
            if count(frame) > 0 {
                *stacks.entry(stack.clone()).or_default() += count(frame);
            }
            above.push(stack);
        }
        stacks
    }

    /// Whether each frame is on a path of the monitor's own: everything that it does is direct.
    fn are_own(&self) -> Vec<bool> {
        let mut totals: Vec<(u64, u64, i64)> = Vec::with_capacity(self.frames.len());
        totals.extend(self.frames.iter().map(|frame| (frame.operation, frame.reference, frame.parts.direct)));
        for (index, frame) in self.frames.iter().enumerate().rev() {
            let (operation, reference, direct) = totals[index];
            if let Some(caller) = frame.caller {
                let total = &mut totals[caller];
                *total = (total.0 + operation, total.1 + reference, total.2 + direct);
            }
        }
        let is_own = |(operation, reference, direct): (u64, u64, i64)| {
            reference == 0 && operation > 0 && i64::try_from(operation) == Ok(direct)
        };
        totals.into_iter().map(is_own).collect()
    }

    fn stacks(&self, names: Names, count: impl Fn(&Frame) -> u64) -> Stacks {
        let shown: Vec<String> = self.names.iter().map(|name| names.of(name)).collect();
        let mut stacks = Stacks::new();
        for frame in self.frames.iter().filter(|frame| count(frame) > 0) {
            *stacks.entry(self.stack(frame, &shown)).or_default() += count(frame);
        }
        stacks
    }

    /// The functions from the outermost one to that of `frame`.
    fn stack(&self, frame: &Frame, shown: &[String]) -> String {
        let mut functions = vec![shown[frame.name].as_str()];
        let mut next = frame.caller;
        while let Some(caller) = next {
            functions.push(&shown[self.frames[caller].name]);
            next = self.frames[caller].caller;
        }
        functions.reverse();
        functions.join(";")
    }
}

/// The instructions of the hook, if the function does not do less because of it.
fn of_hook(frame: &Frame) -> u64 {
    u64::try_from(frame.parts.direct).unwrap_or(0)
}

/// Each stack of either, with the instructions in `before` and in `after`.
#[must_use]
pub fn differential(before: &Stacks, after: &Stacks) -> BTreeMap<String, (u64, u64)> {
    let mut both: BTreeMap<String, (u64, u64)> = BTreeMap::new();
    for (stack, count) in before {
        both.entry(stack.clone()).or_default().0 = *count;
    }
    for (stack, count) in after {
        both.entry(stack.clone()).or_default().1 = *count;
    }
    both
}
