//! The class of each path of a profile: one that the baseline knows, one of an interrupt, or one of the monitor.

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
/// A trampoline that calls the function to which it is attached does not make another path of what that function does,
/// nor of a function that continues it by a jump.
/// Another way through an allocator is no monitor's, unless it leads into code that was loaded.
pub(super) fn classes(
    profile: &Profile,
    find: &mut impl FnMut(Option<Node>, &str) -> Option<Node>,
) -> Vec<Class> {
    let mut classes: Vec<Class> = Vec::with_capacity(profile.paths.len());
    let mut in_allocator: Vec<bool> = Vec::with_capacity(profile.paths.len());
    for (index, path) in profile.paths.iter().enumerate() {
        let function = profile.function(index);
        let caller_allocates = path.caller.is_some_and(|caller| in_allocator[caller]);
        in_allocator.push(caller_allocates || function.kind == Kind::Allocator);
        let same = resumed(profile, index).map(|same| classes[same]);
        let same = same.or_else(|| continued(profile, index, &classes, find));
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

/// The class of a function that a trampoline calls and that the trampoline's caller calls without it: the function to
/// which the trampoline is attached, if the trampoline is reached by a jump, or one to which that function jumps.
fn continued(
    profile: &Profile,
    index: usize,
    classes: &[Class],
    find: &mut impl FnMut(Option<Node>, &str) -> Option<Node>,
) -> Option<Class> {
    let trampoline = profile.paths[index].caller?;
    let from = profile.paths[trampoline].caller?;
    let Class::Known(node) = classes[from] else { return None };
    let function = profile.function(index);
    if profile.function(trampoline).kind != Kind::Dynamic || function.kind != Kind::Ordinary {
        return None;
    }
    let outer = profile.paths[from].caller.map(|outer| classes[outer]);
    let found = find(Some(node), &function.name).or_else(|| match outer {
        Some(Class::Known(outer)) => find(Some(outer), &function.name),
        _ => None,
    });
    found.map(Class::Known)
}

/// The path of the function that the path at `index` continues, called by its own trampoline.
pub(super) fn resumed(profile: &Profile, index: usize) -> Option<usize> {
    let trampoline = profile.paths[index].caller?;
    let function = profile.paths[trampoline].caller?;
    let is_trampoline = profile.function(trampoline).kind == Kind::Dynamic;
    let is_same = profile.paths[function].function == profile.paths[index].function;
    (is_trampoline && is_same).then_some(function)
}
