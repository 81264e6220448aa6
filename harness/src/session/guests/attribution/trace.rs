//! What QEMU's plugin wrote of a program that times several things one after another, each so many times: the profile of
//! each.

use std::collections::BTreeSet;
use std::num::NonZeroU32;
use std::sync::Arc;

use anyhow::{Result, ensure};
use hookbench_analysis::attribution::{Kind, Profile};
use hookbench_vm::attribution::{Path, Window, Windows, windows};
use hookbench_vm::machine::Plugin;

use super::profile::profile;
use super::symbols::KernelSymbols;
use super::traced::read_bounded;
use super::{Attributor, sections};
use crate::session::guests::cell::Guests;

/// The name of functions that the kernel loaded or made, and that it was not asked about. Where such code is differs from
/// guest to guest; which function calls it does not.
const LOADED: &str = "[loaded code]";

/// See the module.
#[derive(Debug)]
pub struct Trace {
    windows: Windows,
    kernel: Arc<KernelSymbols>,
}

impl Attributor {
    /// Has `run` run a program on `kernel` with the plugin, which attributes so many operations. Returns what `run`
    /// does, and what the plugin wrote.
    ///
    /// # Errors
    /// When the plugin cannot be used.
    pub(in crate::session::guests) fn trace<T>(
        &self,
        guests: &Guests,
        kernel: Arc<KernelSymbols>,
        operations: u32,
        run: impl FnOnce(Plugin<'_>) -> T,
    ) -> Result<(T, Result<Trace>)> {
        let file = self.plugin(guests)?;
        let folder = guests.folder("windows")?;
        let written = folder.path().join("windows");
        let symbols = kernel.list();
        let plugin = Plugin { file: &file, symbols: &symbols, windows: &written, skip: 0, keep: operations };
        let ended = run(plugin);
        let trace =
            read_bounded(&written).and_then(|text| Ok(Trace { windows: windows::read(&text)?, kernel }));
        Ok((ended, trace))
    }
}

impl Trace {
    /// The profiles of the things that the program timed, from their samples. Each was made `operations` times; one that
    /// has no samples has no profile.
    ///
    /// # Errors
    /// When the plugin saw another number of operations.
    pub fn profiles(self, samples: &[&[u64]], operations: u32) -> Result<Vec<Result<Profile>>> {
        let Trace { windows: Windows { paths, operations: seen }, kernel } = self;
        let operations = operations as usize;
        let all = samples.len() * operations;
        ensure!(seen.len() == all, "QEMU's plugin saw {} operations, but there are {all}", seen.len());
        let mut seen = seen.into_iter();
        let profile = |samples: &&[u64]| {
            let its: Vec<Vec<Window>> = seen.by_ref().take(operations).collect();
            ensure!(samples.len() == operations, "it was timed {} times", samples.len());
            Ok(Trace::profile(&paths, &kernel, sections::of_operations(samples, its)?))
        };
        Ok(samples.iter().map(profile).collect())
    }

    fn profile(paths: &[Path], kernel: &KernelSymbols, operations: Vec<Window>) -> Profile {
        let (paths, operations) = only_taken(paths, operations);
        let mut profile = profile(&paths, &operations, &kernel.symbols);
        for function in profile.functions.iter_mut().filter(|function| function.kind == Kind::Dynamic) {
            if !function.is_named {
                function.name = LOADED.into();
            }
        }
        profile
    }
}

/// The paths that `operations` take, and the operations on these paths.
fn only_taken(paths: &[Path], mut operations: Vec<Window>) -> (Vec<Path>, Vec<Window>) {
    let index = |path: NonZeroU32| path.get() as usize - 1;
    let mut taken: BTreeSet<usize> = BTreeSet::new();
    for (path, _) in operations.iter().flat_map(|operation| &operation.counts) {
        let mut next = Some(*path);
        while let Some(path) = next.filter(|path| taken.insert(index(*path))) {
            next = paths[index(path)].caller;
        }
    }
    let mut numbers: Vec<Option<NonZeroU32>> = vec![None; paths.len()];
    let mut left = Vec::with_capacity(taken.len());
    for old in taken {
        let Path { caller, function } = paths[old];
        left.push(Path { caller: caller.and_then(|caller| numbers[index(caller)]), function });
        numbers[old] = NonZeroU32::new(left.len() as u32);
    }
    for operation in &mut operations {
        operation.counts = operation
            .counts
            .iter()
            .filter_map(|(path, count)| Some((numbers[index(*path)]?, *count)))
            .collect();
    }
    (left, operations)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_that_nothing_takes_are_left_out() {
        let number = |number| NonZeroU32::new(number).unwrap();
        let path = |caller: u32, function| Path { caller: NonZeroU32::new(caller), function };
        let paths = [path(0, 10), path(1, 20), path(1, 30), path(3, 40), path(0, 50)];
        let operations = vec![Window { sum: 7, counts: vec![(number(4), 3), (number(5), 4)] }];
        let (left, operations) = only_taken(&paths, operations);
        assert_eq!(left, [path(0, 10), path(1, 30), path(2, 40), path(0, 50)]);
        assert_eq!(operations[0].counts, [(number(3), 3), (number(4), 4)]);
    }
}
