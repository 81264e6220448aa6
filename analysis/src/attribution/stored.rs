//! A baseline as it is kept in a file: names once, and paths that refer to them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::baseline::{Baseline, Interrupted, Known, Paths};
use super::name_table::NameTable;

/// See the module.
#[derive(Serialize, Deserialize)]
pub(super) struct Stored {
    /// The names of functions.
    names: Vec<String>,
    /// The paths. Callers come before what they call.
    paths: Vec<StoredPath>,
    /// The paths of interrupts: the number of the caller's path, the index of the function's name, the instructions of
    /// the reference.
    interrupted: Vec<(Option<usize>, usize, u64)>,
    sum: u64,
}

/// A path: the index of the caller's path, the index of the function's name, the instructions of the reference, the
/// usual ones, whether all operations take it, and the path that calls an allocator for it.
type StoredPath = (Option<usize>, usize, u64, u64, bool, Option<usize>);

/// The file refers to a path or a name that it does not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the file of a baseline is damaged")]
pub(super) struct Damaged;

impl From<Baseline> for Stored {
    fn from(baseline: Baseline) -> Stored {
        let Baseline { paths, known, interrupted, sum } = baseline;
        let callers: BTreeMap<usize, Option<usize>> =
            paths.0.iter().map(|((caller, _), node)| (*node, *caller)).collect();
        let mut names = NameTable::default();
        let stored = known.into_iter().enumerate().map(|(node, known)| {
            let caller = callers.get(&node).copied().flatten();
            let Known { name, reference, usual, always, allocates_for } = known;
            (caller, names.index(&name), reference, usual, always, allocates_for)
        });
        let paths = stored.collect();
        let interrupted = interrupted.into_iter();
        let interrupted =
            interrupted.map(|path| (path.caller, names.index(&path.name), path.reference)).collect();
        Stored { names: names.all, paths, interrupted, sum }
    }
}

impl TryFrom<Stored> for Baseline {
    type Error = Damaged;

    fn try_from(stored: Stored) -> Result<Baseline, Damaged> {
        let Stored { names, paths: all, interrupted, sum } = stored;
        let name_of = |index: usize| names.get(index).cloned().ok_or(Damaged);
        let (mut paths, mut known) = (Paths::default(), Vec::new());
        for (node, (caller, name, reference, usual, always, allocates_for)) in all.into_iter().enumerate() {
            let name = name_of(name)?;
            if caller.is_some_and(|caller| caller >= node)
                || paths.0.insert((caller, name.clone()), node).is_some()
            {
                return Err(Damaged);
            }
            if allocates_for.is_some_and(|caller| caller >= node) {
                return Err(Damaged);
            }
            known.push(Known { name, reference, usual, always, allocates_for });
        }
        let read = |(index, (caller, name, reference)): (usize, (Option<usize>, usize, u64))| {
            let is_before = caller.is_none_or(|caller| caller < known.len() + index);
            let name = name_of(name)?;
            is_before.then_some(Interrupted { caller, name, reference }).ok_or(Damaged)
        };
        let interrupted = interrupted.into_iter().enumerate().map(read).collect::<Result<_, _>>()?;
        Ok(Baseline { paths, known, interrupted, sum })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attribution::{Function, Kind, Path, Profile};

    fn baseline() -> Baseline {
        let function = |name: &str| Function { name: name.into(), is_named: true, ..Function::default() };
        let irq = Function { kind: Kind::Interrupt, ..function("irq") };
        let path = |caller, function| Path { caller, function };
        let profile = Profile {
            functions: [function("a"), function("b"), irq].to_vec(),
            paths: vec![
                path(None, 0),
                path(Some(0), 1),
                path(Some(1), 0),
                path(Some(2), 2),
                path(Some(3), 1),
            ],
            operations: vec![vec![(0, 1), (2, 5), (3, 1), (4, 3)], vec![(0, 1), (1, 2), (2, 26)]],
        };
        Baseline::new(&profile).unwrap()
    }

    #[test]
    fn a_baseline_is_read_as_it_was_written() {
        let baseline = baseline();
        let text = serde_json::to_string(&baseline).unwrap();
        let read: Baseline = serde_json::from_str(&text).unwrap();
        assert_eq!((read.interrupts(), read.sum), (baseline.interrupts(), baseline.sum));
        assert_eq!((read.known, read.paths.0), (baseline.known, baseline.paths.0));
        assert!(!baseline.interrupted.is_empty());
        assert_eq!(read.interrupted, baseline.interrupted);
    }

    #[test]
    fn a_damaged_file_is_refused() {
        let text = serde_json::to_string(&baseline()).unwrap();
        for (from, to) in [("[1,0,", "[2,0,"), ("[1,0,", "[1,7,"), ("[1,0,", "[0,1,"), ("[2,2,", "[3,2,")] {
            assert!(text.contains(from), "{text}");
            assert!(serde_json::from_str::<Baseline>(&text.replacen(from, to, 1)).is_err(), "{to}");
        }
    }
}
