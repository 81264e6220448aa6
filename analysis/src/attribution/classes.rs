//! The class of each path of a profile: one that the baseline knows, one of an interrupt, or one of the monitor.

use std::collections::BTreeMap;

use super::baseline::Baseline;
use super::profile::{Kind, Profile};

/// The number of a path of the baseline.
pub(super) type Node = usize;

/// What a path is, compared with a baseline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Class {
    /// An operation of the baseline takes it.
    Known(Node),
    /// It begins with one of the baseline's, the last of which is this, and leaves it.
    Direct(Option<Node>),
    /// It is below an interrupt.
    Interrupt,
    /// It is a way through an allocator that no operation of the baseline takes.
    Unusual,
}

/// The class of each path. `find` finds the path from one of the baseline's to a function.
///
/// A trampoline that calls the function to which it is attached does not make another path of what that function does.
/// Another way through an allocator is no monitor's, unless it leads into code that was loaded.
pub(super) fn classes(
    profile: &Profile,
    find: &mut impl FnMut(Option<Node>, &str) -> Option<Node>,
) -> Vec<Class> {
    classes_with(profile, find, &BTreeMap::new())
}

/// The class of each path, compared with `baseline`. Unlike [`classes`] it also recognises a function that a trampoline
/// calls in place of the trampoline's caller.
pub(super) fn classes_against(profile: &Profile, baseline: &Baseline) -> Vec<Class> {
    let mut find = |caller: Option<Node>, name: &str| baseline.paths.find(caller, name);
    let classes = classes(profile, &mut find);
    let moved = moved(profile, &classes, baseline);
    if moved.is_empty() { classes } else { classes_with(profile, &mut find, &moved) }
}

/// Like [`classes`]; the paths in `moved` are paths of the baseline.
fn classes_with(
    profile: &Profile,
    find: &mut impl FnMut(Option<Node>, &str) -> Option<Node>,
    moved: &BTreeMap<usize, Node>,
) -> Vec<Class> {
    let mut classes: Vec<Class> = Vec::with_capacity(profile.paths.len());
    let mut in_allocator: Vec<bool> = Vec::with_capacity(profile.paths.len());
    for (index, path) in profile.paths.iter().enumerate() {
        let function = profile.function(index);
        let caller_allocates = path.caller.is_some_and(|caller| in_allocator[caller]);
        in_allocator.push(caller_allocates || function.kind == Kind::Allocator);
        let same = resumed(profile, index).map(|same| classes[same]);
        let same = same.or_else(|| moved.get(&index).copied().map(Class::Known));
        let class = match (same, path.caller.map(|caller| classes[caller])) {
            (Some(same), _) => same,
            _ if function.kind == Kind::Interrupt => Class::Interrupt,
            (_, Some(class @ (Class::Interrupt | Class::Direct(_) | Class::Unusual))) => class,
            (_, Some(Class::Known(caller))) => match find(Some(caller), &function.name) {
                Some(node) => Class::Known(node),
                None if caller_allocates && function.kind != Kind::Dynamic => Class::Unusual,
                None => Class::Direct(Some(caller)),
            },
            (_, None) => find(None, &function.name).map_or(Class::Direct(None), Class::Known),
        };
        classes.push(class);
    }
    classes
}

/// The paths that lead through a trampoline to a function which the operations lack in its usual place: the function to
/// which the trampoline is attached, if it is reached by a jump, or one to which that function jumps. Each with the
/// usual place.
fn moved(profile: &Profile, classes: &[Class], baseline: &Baseline) -> BTreeMap<usize, Node> {
    let candidates = (0..profile.paths.len())
        .filter_map(|index| Some((index, places(profile, index, classes, baseline)?)));
    let candidates: Vec<(usize, [Option<Node>; 2])> = candidates.collect();
    if candidates.is_empty() {
        return BTreeMap::new();
    }
    let mut executed: BTreeMap<Node, u64> = BTreeMap::new();
    for &(path, count) in profile.operations.iter().flatten() {
        if let Class::Known(node) = classes[path] {
            *executed.entry(node).or_default() += count;
        }
    }
    let lacks = |node: &Node| {
        let usual = baseline.known[*node].usual * profile.operations.len() as u64;
        executed.get(node).copied().unwrap_or(0) < usual
    };
    candidates
        .into_iter()
        .filter_map(|(index, places)| Some((index, places.into_iter().flatten().find(lacks)?)))
        .collect()
}

/// Where the function at the end of the path `index` is called without a trampoline, if a trampoline calls it there.
fn places(
    profile: &Profile,
    index: usize,
    classes: &[Class],
    baseline: &Baseline,
) -> Option<[Option<Node>; 2]> {
    let trampoline = profile.paths[index].caller?;
    let from = profile.paths[trampoline].caller?;
    let Class::Known(node) = classes[from] else { return None };
    let function = profile.function(index);
    let is_called_by_trampoline =
        profile.function(trampoline).kind == Kind::Dynamic && function.kind == Kind::Ordinary;
    let is_known = matches!(classes[index], Class::Known(_));
    if is_known || !is_called_by_trampoline || resumed(profile, index).is_some() {
        return None;
    }
    let outer = match profile.paths[from].caller.map(|outer| classes[outer]) {
        Some(Class::Known(outer)) => baseline.paths.find(Some(outer), &function.name),
        _ => None,
    };
    Some([baseline.paths.find(Some(node), &function.name), outer])
}

/// The path of the function that the path at `index` continues, called by its own trampoline.
pub(super) fn resumed(profile: &Profile, index: usize) -> Option<usize> {
    let trampoline = profile.paths[index].caller?;
    let function = profile.paths[trampoline].caller?;
    let is_trampoline = profile.function(trampoline).kind == Kind::Dynamic;
    let is_same = profile.paths[function].function == profile.paths[index].function;
    (is_trampoline && is_same).then_some(function)
}
