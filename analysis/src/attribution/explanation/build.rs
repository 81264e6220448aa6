//! Makes an explanation of a profile: chooses the operation, and divides its difference from the baseline's operation
//! at each call path, as `split` does for the whole operation.

use std::collections::BTreeMap;

use hookbench_model::{Attribution, Cell, Share};

use super::check::{NotAnExplanation, check};
use super::{Explanation, FORMAT, Frame, Parts};
use crate::attribution::baseline::{Baseline, by_node};
use crate::attribution::classes::{Class, classes_against, resumed};
use crate::attribution::name_table::NameTable;
use crate::attribution::{Profile, Split, record};

/// Why there is no explanation.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unexplained {
    /// The cell has no operations.
    #[error("the cell has no operations")]
    NoOperations,
    /// The call paths are too many or too deep to keep.
    #[error("the call paths of the operation cannot be kept: {0}")]
    TooLarge(#[from] NotAnExplanation),
}

impl Baseline {
    /// Explains `cell`, whose operations `profile` has and [`Baseline::split`] divided into `splits`. It explains an
    /// operation with the median direct cost; among these, the one with the median number of instructions.
    ///
    /// # Errors
    /// See [`Unexplained`].
    pub fn explain(
        &self,
        cell: &Cell,
        profile: &Profile,
        splits: &[Split],
    ) -> Result<Explanation, Unexplained> {
        let (index, share) = usual(profile, splits).ok_or(Unexplained::NoOperations)?;
        let tree = Tree::of(self, profile, &profile.operations[index]);
        let (names, frames) = tree.pruned();
        let explanation = Explanation { format: FORMAT, cell: cell.clone(), share, names, frames };
        check(&explanation)?;
        Ok(explanation)
    }
}

/// The index of the usual operation, and how many have its direct cost.
fn usual(profile: &Profile, splits: &[Split]) -> Option<(usize, Share)> {
    let Attribution { direct_p50, direct_share, .. } = record(splits)?;
    let with_cost = splits.iter().zip(&profile.operations).enumerate();
    let mut same: Vec<(u64, usize)> = with_cost
        .filter(|(_, (split, _))| split.direct == direct_p50)
        .map(|(index, (_, operation))| (Profile::sum(operation), index))
        .collect();
    same.sort_unstable();
    let (_, index) = *same.get(same.len().checked_sub(1)? / 2)?;
    Some((index, direct_share))
}

/// A call path with its function's name.
#[derive(Debug, Clone, Default)]
struct Node {
    caller: Option<usize>,
    name: String,
    operation: u64,
    reference: u64,
    parts: Parts,
}

/// The call paths of both operations. The first are those that the baseline knows, with the baseline's numbers.
struct Tree {
    nodes: Vec<Node>,
    index: BTreeMap<(Option<usize>, String), usize>,
}

impl Tree {
    fn of(baseline: &Baseline, profile: &Profile, operation: &[(usize, u64)]) -> Tree {
        let mut tree = Tree::of_baseline(baseline);
        let classes = classes_against(profile, baseline);
        let places = tree.place(profile, &classes);
        for &(path, count) in operation {
            let (node, instructions) = (&mut tree.nodes[places[path]], count as i64);
            node.operation += count;
            match classes[path] {
                Class::Known(_) => {}
                Class::Interrupt => node.parts.interrupts += instructions,
                Class::Unusual => node.parts.indirect += instructions,
                Class::Direct(_) => node.parts.direct += instructions,
            }
        }
        tree.divide_known(baseline, profile, &classes, operation);
        tree
    }

    /// The paths of the baseline, with the instructions of its operation.
    fn of_baseline(baseline: &Baseline) -> Tree {
        let mut tree = Tree { nodes: vec![Node::default(); baseline.known.len()], index: BTreeMap::new() };
        for (caller, name, node) in baseline.paths.all() {
            let reference = baseline.known[node].reference;
            tree.nodes[node] = Node { caller, name: name.into(), reference, ..Node::default() };
            tree.index.insert((caller, name.into()), node);
        }
        let mut places: Vec<usize> = (0..tree.nodes.len()).collect();
        for interrupted in &baseline.interrupted {
            let node = tree.child(interrupted.caller.map(|caller| places[caller]), &interrupted.name);
            places.push(node);
            tree.nodes[node].reference += interrupted.reference;
            tree.nodes[node].parts.interrupts -= interrupted.reference as i64;
        }
        tree
    }

    fn child(&mut self, caller: Option<usize>, name: &str) -> usize {
        let next = self.nodes.len();
        let node = *self.index.entry((caller, name.to_string())).or_insert(next);
        if node == next {
            self.nodes.push(Node { caller, name: name.into(), ..Node::default() });
        }
        node
    }

    /// The node of each path of `profile`.
    fn place(&mut self, profile: &Profile, classes: &[Class]) -> Vec<usize> {
        let mut places: Vec<usize> = Vec::with_capacity(profile.paths.len());
        for (index, path) in profile.paths.iter().enumerate() {
            let node = match (classes[index], resumed(profile, index)) {
                (Class::Known(node), _) => node,
                (_, Some(same)) => places[same],
                (_, None) => {
                    self.child(path.caller.map(|caller| places[caller]), &profile.function(index).name)
                }
            };
            places.push(node);
        }
        places
    }

    /// Divides the differences on paths that the baseline knows.
    fn divide_known(
        &mut self,
        baseline: &Baseline,
        profile: &Profile,
        classes: &[Class],
        operation: &[(usize, u64)],
    ) {
        let (counts, taken) = by_node(profile, classes, operation, baseline.known.len());
        let leaves = baseline.leaves(classes, operation);
        for (index, known) in baseline.known.iter().enumerate() {
            let parts = &mut self.nodes[index].parts;
            let (count, usual, reference) =
                (counts[index] as i64, known.usual as i64, known.reference as i64);
            if baseline.is_avoided(index, &taken) {
                parts.avoided += reference;
            } else if leaves[index] {
                parts.direct += count - usual;
                parts.indirect += usual - reference;
            } else {
                parts.indirect += count - reference;
            }
        }
    }

    /// The names and frames of the paths that either operation takes or that have a part of the difference.
    fn pruned(self) -> (Vec<String>, Vec<Frame>) {
        let mut kept: Vec<bool> = self.nodes.iter().map(Node::says_something).collect();
        for (index, node) in self.nodes.iter().enumerate().rev() {
            if let (true, Some(caller)) = (kept[index], node.caller) {
                kept[caller] = true;
            }
        }
        let (mut names, mut frames) = (NameTable::default(), Vec::new());
        let mut moved = vec![0; self.nodes.len()];
        for (index, node) in self.nodes.iter().enumerate().filter(|(index, _)| kept[*index]) {
            moved[index] = frames.len();
            frames.push(Frame {
                caller: node.caller.map(|caller| moved[caller]),
                name: names.index(&plain(&node.name)),
                operation: node.operation,
                reference: node.reference,
                parts: node.parts,
            });
        }
        (names.all, frames)
    }
}

impl Node {
    fn says_something(&self) -> bool {
        self.operation > 0 || self.reference > 0 || !self.parts.is_nothing()
    }
}

/// The name as a part of a stack, in which a semicolon separates functions.
fn plain(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_graphic() && c != ';' { c } else { '_' }).collect()
}
