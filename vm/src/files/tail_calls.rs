//! Follows the tail calls in a BPF object: which programs other programs reach, and which
//! only themselves. It knows programs and arrays by their indices.

use std::collections::{BTreeMap, BTreeSet};

/// A program in an array of programs.
#[derive(Debug, PartialEq, Eq)]
pub struct HeldProgram {
    /// Its name.
    pub name: String,
    /// The program that reaches it by tail calls; `None` if no other program does.
    pub called_by: Option<String>,
    /// Whether it begins a chain of tail calls that leads back to it.
    pub begins: bool,
}

/// The arrays of programs of an object.
#[derive(Default)]
pub(super) struct TailCalls {
    /// The programs that each array holds.
    pub(super) slots: BTreeMap<usize, BTreeSet<usize>>,
    /// The maps that each program uses.
    pub(super) users: BTreeMap<usize, BTreeSet<usize>>,
    /// The maps that functions use which any program may call.
    pub(super) shared: BTreeSet<usize>,
}

/// The programs in arrays, in the order of the object, whose programs have these `names`. It follows the calls first from the
/// programs that no array holds, and then from the first of those that only each other reach.
pub(super) fn held_programs(names: &[String], calls: &TailCalls) -> Vec<HeldProgram> {
    let held: BTreeSet<usize> = calls.slots.values().flatten().copied().collect();
    let mut walk = Walk { calls, callers: BTreeMap::new(), arrays: BTreeSet::new() };
    let free = (0..names.len()).filter(|program| !held.contains(program));
    let first = free.clone().chain(held.iter().copied()).next();
    for program in free {
        walk.follow(program, first == Some(program));
    }
    let mut begins = BTreeSet::new();
    for &program in &held {
        let calls_on = calls.users.contains_key(&program) || first == Some(program);
        if !walk.callers.contains_key(&program) && calls_on {
            begins.insert(program);
            walk.follow(program, first == Some(program));
        }
    }
    let name = |program: &usize| names[*program].clone();
    let describe = |program: &usize| HeldProgram {
        name: name(program),
        called_by: walk.callers.get(program).map(name),
        begins: begins.contains(program),
    };
    held.iter().map(describe).collect()
}

struct Walk<'a> {
    calls: &'a TailCalls,
    /// For each program that tail calls reach, where they began.
    callers: BTreeMap<usize, usize>,
    /// The arrays whose programs are in `callers`.
    arrays: BTreeSet<usize>,
}

impl Walk<'_> {
    /// Follows the tail calls that begin in `first`. If it is `also_shared`, they pass through
    /// the functions that any program may call.
    fn follow(&mut self, first: usize, also_shared: bool) {
        let mut waiting = vec![first];
        while let Some(caller) = waiting.pop() {
            let shared = self.calls.shared.iter().filter(|_| also_shared);
            for array in self.calls.users.get(&caller).into_iter().flatten().chain(shared) {
                if !self.arrays.insert(*array) {
                    continue;
                }
                for &program in self.calls.slots.get(array).into_iter().flatten() {
                    if program != first && !self.callers.contains_key(&program) {
                        self.callers.insert(program, first);
                        waiting.push(program);
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each held program of four, with the program that calls it and whether it begins.
    fn held(slots: &[(usize, &[usize])], users: &[(usize, &[usize])], shared: &[usize]) -> Vec<String> {
        let sets = |pairs: &[(usize, &[usize])]| {
            pairs.iter().map(|(key, values)| (*key, values.iter().copied().collect())).collect()
        };
        let calls =
            TailCalls { slots: sets(slots), users: sets(users), shared: shared.iter().copied().collect() };
        let names = ["a", "b", "c", "d"].map(String::from);
        let describe = |held: HeldProgram| {
            let by = held.called_by.map_or(String::new(), |caller| format!(" by {caller}"));
            format!("{}{by}{}", held.name, if held.begins { " begins" } else { "" })
        };
        held_programs(&names, &calls).into_iter().map(describe).collect()
    }

    #[test]
    fn a_program_is_called_by_the_one_in_which_the_chain_begins() {
        assert_eq!(held(&[(0, &[1])], &[(0, &[0])], &[]), ["b by a"]);
        let chain = [(0, &[0_usize][..]), (1, &[1])];
        assert_eq!(held(&[(0, &[1]), (1, &[2])], &chain, &[]), ["b by a", "c by a"]);
    }

    #[test]
    fn a_circle_begins_with_its_first_program() {
        assert_eq!(held(&[(0, &[1])], &[(1, &[0])], &[]), ["b begins"]);
        let circle = [(1, &[0_usize][..]), (2, &[0])];
        assert_eq!(held(&[(0, &[1, 2])], &circle, &[]), ["b begins", "c by b"]);
        assert_eq!(held(&[(0, &[1, 2])], &[(0, &[0]), (1, &[0])], &[]), ["b by a", "c by a"]);
    }

    #[test]
    fn an_array_that_no_program_uses_is_reached_by_none() {
        assert_eq!(held(&[(0, &[1, 3])], &[], &[]), ["b", "d"]);
    }

    #[test]
    fn an_array_that_a_function_uses_is_reached_by_the_first_program() {
        assert_eq!(held(&[(5, &[1])], &[], &[5]), ["b by a"]);
        assert_eq!(held(&[(5, &[0, 1, 2, 3])], &[], &[5]), ["a begins", "b by a", "c by a", "d by a"]);
    }
}
