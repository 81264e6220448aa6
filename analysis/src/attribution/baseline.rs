//! The baseline: the paths that operations under `none` take, how many take each, and what each costs itself. Rare
//! paths count too, so it needs several hundred operations.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::classes::{Class, Node, classes, resumed};
use super::profile::{Kind, Profile};
use super::stored::Stored;

/// There is nothing to compare with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the baseline has no operations")]
pub struct EmptyBaseline;

/// What is known of a path.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Known {
    /// The function at its end.
    pub(super) name: String,
    /// The instructions of the operation that all others are compared with.
    pub(super) reference: u64,
    /// The most frequent number of instructions of operations that take the path; the smallest of several.
    pub(super) usual: u64,
    /// Whether all operations take it.
    pub(super) always: bool,
    /// For a way through an allocator: the path that calls the allocator.
    pub(super) allocates_for: Option<Node>,
}

/// The paths of a baseline, by the caller's and the name of the last function.
#[derive(Debug, Clone, Default)]
pub(super) struct Paths(pub(super) BTreeMap<(Option<Node>, String), Node>);

impl Paths {
    /// The path from `caller` to the function `name`.
    pub(super) fn find(&self, caller: Option<Node>, name: &str) -> Option<Node> {
        // A tuple with a borrowed name is another type.
        self.0.get(&(caller, name.to_string())).copied()
    }

    /// All paths: the caller's, the name of the last function, and the path's own number.
    pub(super) fn all(&self) -> impl Iterator<Item = (Option<Node>, &str, Node)> {
        self.0.iter().map(|((caller, name), node)| (*caller, name.as_str(), *node))
    }

    fn insert(&mut self, caller: Option<Node>, name: &str) -> Node {
        let next = self.0.len();
        *self.0.entry((caller, name.to_string())).or_insert(next)
    }
}

/// A path of an interrupt. Its number is its index, after those of the known paths.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Interrupted {
    /// The caller's path: a known one, or one of an interrupt.
    pub(super) caller: Option<usize>,
    /// The function at its end.
    pub(super) name: String,
    /// The instructions of the operation that all others are compared with.
    pub(super) reference: u64,
}

/// See the module.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(try_from = "Stored", into = "Stored")]
pub struct Baseline {
    pub(super) paths: Paths,
    pub(super) known: Vec<Known>,
    /// The paths of interrupts in the operation that all others are compared with.
    pub(super) interrupted: Vec<Interrupted>,
    /// All instructions of it.
    pub(super) sum: u64,
}

impl Baseline {
    /// Learns the paths of `profile`. The operation with the median number of instructions becomes the one that
    /// others are compared with.
    ///
    /// # Errors
    /// When there is no operation.
    pub fn new(profile: &Profile) -> Result<Baseline, EmptyBaseline> {
        let mut by_sum: Vec<&Vec<(usize, u64)>> = profile.operations.iter().collect();
        by_sum.sort_by_key(|operation| Profile::sum(operation));
        let reference = *by_sum.get(by_sum.len().saturating_sub(1) / 2).ok_or(EmptyBaseline)?;
        let mut paths = Paths::default();
        let classes = classes(profile, &mut |caller, name| Some(paths.insert(caller, name)));
        let mut known = vec![Known::default(); paths.0.len()];
        for ((_, name), node) in &paths.0 {
            known[*node].name.clone_from(name);
        }
        let learned = Learned::of(profile, &classes, known.len());
        for (node, known) in known.iter_mut().enumerate() {
            known.usual = learned.usual(node);
            known.always = learned.taken[node] == profile.operations.len();
        }
        for (node, caller) in allocators(profile, &classes, &paths, known.len()) {
            known[node].allocates_for = Some(caller);
        }
        let counts = profile.counts(reference);
        for (class, count) in classes.iter().zip(&counts) {
            if let Class::Known(node) = class {
                known[*node].reference += count;
            }
        }
        let interrupted = interrupted(profile, &classes, &counts, known.len());
        Ok(Baseline { paths, known, interrupted, sum: Profile::sum(reference) })
    }

    /// Whether an operation that is on the paths `taken` leaves out the path `node`. Where the path leads through an
    /// allocator, the operation may only have found memory in another way.
    pub(super) fn is_avoided(&self, node: Node, taken: &[bool]) -> bool {
        let Known { always, allocates_for, .. } = self.known[node];
        always && !taken[node] && allocates_for.is_none_or(|caller| !taken[caller])
    }

    /// The instructions of interrupts in the operation that others are compared with.
    pub(super) fn interrupts(&self) -> u64 {
        self.interrupted.iter().map(|path| path.reference).sum()
    }

    /// The number of instructions of the operation that others are compared with.
    #[must_use]
    pub fn reference(&self) -> u64 {
        self.sum
    }
}

/// The paths through allocators, with the paths that call the allocators.
fn allocators(profile: &Profile, classes: &[Class], paths: &Paths, known: usize) -> Vec<(Node, Node)> {
    let mut begins = vec![false; known];
    for (index, class) in classes.iter().enumerate() {
        if let Class::Known(node) = class {
            begins[*node] |= profile.function(index).kind == Kind::Allocator;
        }
    }
    let mut callers = vec![None; known];
    paths.all().for_each(|(caller, _, node)| callers[node] = caller);
    let mut found: Vec<Option<Node>> = Vec::with_capacity(known);
    for (node, caller) in callers.into_iter().enumerate() {
        let outer = caller.and_then(|caller| found[caller]);
        found.push(outer.or(if begins[node] { caller } else { None }));
    }
    found.into_iter().enumerate().filter_map(|(node, caller)| Some((node, caller?))).collect()
}

/// The paths of interrupts in an operation with the instructions `counts` on each path, and those of their callers.
fn interrupted(profile: &Profile, classes: &[Class], counts: &[u64], known: usize) -> Vec<Interrupted> {
    let mut taken: Vec<bool> = counts.iter().map(|count| *count > 0).collect();
    for (index, path) in profile.paths.iter().enumerate().rev() {
        for callee_of in [path.caller, resumed(profile, index)].into_iter().flatten() {
            taken[callee_of] |= taken[index];
        }
    }
    let (mut places, mut all) = (Vec::with_capacity(profile.paths.len()), Vec::new());
    for (index, path) in profile.paths.iter().enumerate() {
        let place = match (classes[index], resumed(profile, index)) {
            (Class::Known(node), _) => node,
            (_, Some(same)) => places[same],
            // Nothing refers to it.
            _ if !taken[index] => usize::MAX,
            (_, None) => {
                let caller = path.caller.map(|caller| places[caller]);
                let name = profile.function(index).name.clone();
                all.push(Interrupted { caller, name, reference: 0 });
                known + all.len() - 1
            }
        };
        if let Some(interrupted) = place.checked_sub(known).and_then(|place| all.get_mut(place)) {
            interrupted.reference += counts[index];
        }
        places.push(place);
    }
    all
}

/// What operations did on each path.
struct Learned {
    /// How many took it.
    taken: Vec<usize>,
    /// How many had each number of instructions on it.
    counts: Vec<BTreeMap<u64, usize>>,
}

impl Learned {
    fn of(profile: &Profile, classes: &[Class], nodes: usize) -> Learned {
        let mut learned = Learned { taken: vec![0; nodes], counts: vec![BTreeMap::new(); nodes] };
        for operation in &profile.operations {
            let (counts, taken) = by_node(profile, classes, operation, nodes);
            for node in (0..nodes).filter(|node| taken[*node]) {
                learned.taken[node] += 1;
                *learned.counts[node].entry(counts[node]).or_default() += 1;
            }
        }
        learned
    }

    fn usual(&self, node: Node) -> u64 {
        let most = self.counts[node].iter().min_by_key(|(_, times)| std::cmp::Reverse(**times));
        most.map_or(0, |(count, _)| *count)
    }
}

/// The instructions of `operation` on each known path, and whether it takes the path.
pub(super) fn by_node(
    profile: &Profile,
    classes: &[Class],
    operation: &[(usize, u64)],
    nodes: usize,
) -> (Vec<u64>, Vec<bool>) {
    let (mut counts, mut all_taken) = (vec![0; nodes], vec![false; nodes]);
    let (of_paths, taken) = (profile.counts(operation), profile.taken(operation));
    for (path, class) in classes.iter().enumerate() {
        if let Class::Known(node) = class {
            counts[*node] += of_paths[path];
            all_taken[*node] |= taken[path];
        }
    }
    (counts, all_taken)
}
