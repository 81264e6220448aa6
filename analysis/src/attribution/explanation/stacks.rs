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
        self.stacks(names, |frame| u64::try_from(frame.parts.direct).unwrap_or(0))
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
