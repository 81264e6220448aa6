//! Divides an operation's difference from the baseline into parts, which add up to it exactly.

use std::collections::BTreeMap;

use super::baseline::{Baseline, by_node};
use super::classes::{Class, classes_against};
use super::profile::Profile;

/// A part of a difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Part {
    /// On paths that no operation of the baseline takes, and what else the functions that call them do.
    Direct,
    /// On paths that all operations of the baseline take and this one does not.
    Avoided,
    /// Of interrupts.
    Interrupts,
    /// Everything else that changed.
    Indirect,
}

/// How an operation differs from that of the baseline, in instructions.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Split {
    /// The monitor's own.
    pub direct: i64,
    /// What it avoids.
    pub avoided: i64,
    /// What more interrupts cost.
    pub interrupts: i64,
    /// What the changed state of the kernel costs.
    pub indirect: i64,
    /// All by function, zeroes left out. What is avoided is positive.
    pub by_function: BTreeMap<(Part, String), i64>,
    /// Of the monitor's own on paths of its own, those in functions that the kernel names.
    pub named: i64,
    /// All of the monitor's own on paths of its own.
    pub on_own_paths: i64,
}

impl Split {
    /// The number of instructions by which the operation differs.
    #[must_use]
    pub fn difference(&self) -> i64 {
        self.direct - self.avoided + self.interrupts + self.indirect
    }

    fn add(&mut self, part: Part, name: &str, instructions: i64) {
        if instructions == 0 {
            return;
        }
        let sum = match part {
            Part::Direct => &mut self.direct,
            Part::Avoided => &mut self.avoided,
            Part::Interrupts => &mut self.interrupts,
            Part::Indirect => &mut self.indirect,
        };
        *sum += instructions;
        *self.by_function.entry((part, name.into())).or_default() += instructions;
    }
}

impl Baseline {
    /// Divides each operation of `profile`.
    #[must_use]
    pub fn split(&self, profile: &Profile) -> Vec<Split> {
        let classes = classes_against(profile, self);
        profile.operations.iter().map(|operation| self.split_one(profile, &classes, operation)).collect()
    }

    fn split_one(&self, profile: &Profile, classes: &[Class], operation: &[(usize, u64)]) -> Split {
        let mut split = Split::default();
        let leaves = self.leaves(classes, operation);
        for &(path, count) in operation {
            let (function, count) = (profile.function(path), count as i64);
            match classes[path] {
                Class::Known(_) => {}
                Class::Interrupt => split.add(Part::Interrupts, &function.name, count),
                Class::Unusual => split.add(Part::Indirect, &function.name, count),
                Class::Direct(_) => {
                    split.add(Part::Direct, &function.name, count);
                    split.on_own_paths += count;
                    split.named += if function.is_named { count } else { 0 };
                }
            }
        }
        split.add(Part::Interrupts, "", -(self.interrupts() as i64));
        let (counts, taken) = by_node(profile, classes, operation, self.known.len());
        for (node, known) in self.known.iter().enumerate() {
            let (count, usual, reference) = (counts[node] as i64, known.usual as i64, known.reference as i64);
            if self.is_avoided(node, &taken) {
                split.add(Part::Avoided, &known.name, reference);
            } else if leaves[node] {
                split.add(Part::Direct, &known.name, count - usual);
                split.add(Part::Indirect, &known.name, usual - reference);
            } else {
                split.add(Part::Indirect, &known.name, count - reference);
            }
        }
        split.by_function.retain(|_, instructions| *instructions != 0);
        split
    }

    /// Whether `operation` leaves each known path for one of the monitor's.
    pub(super) fn leaves(&self, classes: &[Class], operation: &[(usize, u64)]) -> Vec<bool> {
        let mut leaves = vec![false; self.known.len()];
        for (path, _) in operation {
            if let Class::Direct(Some(caller)) = classes[*path] {
                leaves[caller] = true;
            }
        }
        leaves
    }
}
