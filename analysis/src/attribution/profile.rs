//! A profile: the call paths of a cell, and for each operation the instructions on each path.

/// What kind of function it is, as far as the division of costs depends on it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Kind {
    /// Code of the kernel, or a program.
    #[default]
    Ordinary,
    /// Where interrupts and work that is due after them begin. It costs whatever operation it meets.
    Interrupt,
    /// Where the kernel finds or frees memory and the like. What it does there depends on what it has kept.
    Allocator,
    /// Code that the kernel made or loaded: BPF programs, trampolines, modules.
    Dynamic,
}

/// A function.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Function {
    /// Its name, which is the same in all cells of a kernel.
    pub name: String,
    /// Its kind.
    pub kind: Kind,
    /// Whether the name is one that the kernel lists.
    pub is_named: bool,
}

/// A call path: its last function, and the path of the caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Path {
    /// The index of the caller's path, which is smaller than its own; `None` where the kernel was entered.
    pub caller: Option<usize>,
    /// The index of the function.
    pub function: usize,
}

/// See the module.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Profile {
    /// The functions.
    pub functions: Vec<Function>,
    /// The paths. Callers come before what they call.
    pub paths: Vec<Path>,
    /// The operations: indices of paths, and the instructions on each, callees not included.
    pub operations: Vec<Vec<(usize, u64)>>,
}

impl Profile {
    /// The function at the end of the path at `index`.
    pub(super) fn function(&self, index: usize) -> &Function {
        &self.functions[self.paths[index].function]
    }

    /// The number of instructions of an operation.
    #[must_use]
    pub fn sum(operation: &[(usize, u64)]) -> u64 {
        operation.iter().map(|(_, count)| count).sum()
    }

    /// The instructions of `operation` on each path, zeroes included.
    pub(super) fn counts(&self, operation: &[(usize, u64)]) -> Vec<u64> {
        let mut counts = vec![0; self.paths.len()];
        operation.iter().for_each(|(path, count)| counts[*path] += count);
        counts
    }

    /// Whether `operation` was on each path, or on one that it is the beginning of.
    pub(super) fn taken(&self, operation: &[(usize, u64)]) -> Vec<bool> {
        let mut taken = vec![false; self.paths.len()];
        operation.iter().for_each(|(path, _)| taken[*path] = true);
        for (index, path) in self.paths.iter().enumerate().rev() {
            if let (true, Some(caller)) = (taken[index], path.caller) {
                taken[caller] = true;
            }
        }
        taken
    }
}
