//! An attributed cell as a profile: addresses become names, and functions get their kinds.

use std::collections::BTreeMap;
use std::num::NonZeroU32;

use hookbench_analysis::attribution::{Function, Kind, Path, Profile};
use hookbench_vm::attribution::{Symbols, Window};

use super::Attributed;

/// The beginnings of the names of functions where interrupts arrive, and where the work that is due after them begins.
const INTERRUPTS: [&str; 10] = [
    "asm_sysvec_",
    "asm_common_interrupt",
    "asm_spurious_interrupt",
    "asm_exc_nmi",
    "irq_entries_start",
    "irqentries_start",
    "spurious_entries_start",
    "do_softirq",
    "__do_softirq",
    "handle_softirqs",
];

/// The beginnings of the names of functions that find or free memory.
const ALLOCATORS: [&str; 13] = [
    "pcpu_",
    "___slab_alloc",
    "__slab_alloc",
    "__slab_free",
    "kmem_cache_alloc",
    "kmem_cache_free",
    "__kmalloc",
    "kfree",
    "__alloc_pages",
    "__free_pages",
    "free_unref_page",
    "get_page_from_freelist",
    "__vmalloc",
];

/// The beginnings of the names of functions that call filters of seccomp.
const SECCOMP: [&str; 2] = ["__seccomp_filter", "seccomp_run_filters"];

impl Attributed {
    /// The paths and operations, with names for functions.
    #[must_use]
    pub fn profile(&self) -> Profile {
        profile(&self.paths, &self.operations, &self.symbols)
    }
}

/// The `paths` and `operations`, with names for functions.
pub(super) fn profile(
    paths: &[hookbench_vm::attribution::Path],
    operations: &[Window],
    symbols: &Symbols,
) -> Profile {
    let mut functions = Functions { symbols, all: Vec::new(), known: BTreeMap::new() };
    let index = |path: NonZeroU32| path.get() as usize - 1;
    let path = |path: &hookbench_vm::attribution::Path| Path {
        caller: path.caller.map(index),
        function: functions.number(path.function),
    };
    let paths: Vec<Path> = paths.iter().map(path).collect();
    name_filters(&mut functions.all, &paths);
    let count = |(path, count): &(NonZeroU32, u64)| (index(*path), *count);
    let counts = |window: &Window| window.counts.iter().map(count).collect();
    let operations = operations.iter().map(counts).collect();
    Profile { functions: functions.all, paths, operations }
}

/// Names the filters of seccomp. The kernel does not list them, but nothing else that it loads is called from there.
fn name_filters(functions: &mut [Function], paths: &[Path]) {
    for path in paths {
        let Some(caller) = path.caller.map(|caller| &functions[paths[caller].function]) else { continue };
        let is_seccomp = begins(&caller.name, &SECCOMP);
        let function = &mut functions[path.function];
        if is_seccomp && function.kind == Kind::Dynamic && !function.is_named {
            *function = Function { name: "[seccomp filter]".into(), kind: Kind::Dynamic, is_named: true };
        }
    }
}

/// The functions of a profile, in the order in which they were found.
struct Functions<'a> {
    symbols: &'a Symbols,
    all: Vec<Function>,
    /// Their indices, by address.
    known: BTreeMap<u64, usize>,
}

impl Functions<'_> {
    /// The index of the function that has code at `address`.
    fn number(&mut self, address: u64) -> usize {
        let found = self.symbols.at(address);
        let begin = found.map_or(address, |(begin, _)| begin);
        *self.known.entry(begin).or_insert_with(|| {
            let kind = match found {
                Some((_, name)) if begins(name, &INTERRUPTS) => Kind::Interrupt,
                Some((_, name)) if begins(name, &ALLOCATORS) => Kind::Allocator,
                _ if self.symbols.is_dynamic(begin) => Kind::Dynamic,
                _ => Kind::Ordinary,
            };
            let name = match found {
                Some((_, name)) => name.into(),
                None if address == 0 => "[user]".into(),
                None => format!("[{address:#x}]"),
            };
            self.all.push(Function { name, kind, is_named: found.is_some() || address == 0 });
            self.all.len() - 1
        })
    }
}

fn begins(name: &str, all: &[&str]) -> bool {
    all.iter().any(|begin| name.starts_with(begin))
}

#[cfg(test)]
mod tests {
    use super::*;
    use hookbench_model::Measured;

    #[test]
    fn a_filter_of_seccomp_gets_a_name() {
        let function =
            |name: &str, kind| Function { name: name.into(), kind, is_named: !name.starts_with('[') };
        let mut functions = vec![
            function("__seccomp_filter", Kind::Ordinary),
            function("[0xffffffffc0000000]", Kind::Dynamic),
            function("[0xffffffffc0000100]", Kind::Dynamic),
        ];
        let path = |caller, function| Path { caller, function };
        name_filters(&mut functions, &[path(None, 0), path(Some(0), 1), path(None, 2)]);
        assert_eq!((&*functions[1].name, functions[1].is_named), ("[seccomp filter]", true));
        assert!(!functions[2].is_named);
    }

    #[test]
    fn functions_get_names_and_kinds_and_one_function_is_one() {
        let symbols = Symbols::read(
            "ffffffff81000000 T entry\nffffffff81000100 t asm_sysvec_apic_timer_interrupt\n\
             ffffffff81000200 T _etext\nffffffffc0000000 t bpf_prog_1\t[bpf]\n",
        );
        let number = |number| NonZeroU32::new(number).unwrap();
        let path = |caller: u32, function| hookbench_vm::attribution::Path {
            caller: NonZeroU32::new(caller),
            function,
        };
        let addresses = [
            (0, 0),
            (0, 0xffff_ffff_8100_0000),
            (2, 0xffff_ffff_8100_0100),
            (2, 0xffff_ffff_c000_0000),
            (2, 0xffff_ffff_c000_0008),
        ];
        let attributed = Attributed {
            measured: Measured::default(),
            paths: addresses.map(|(caller, function)| path(caller, function)).to_vec(),
            operations: vec![Window { sum: 7, counts: vec![(number(2), 3), (number(4), 4)] }],
            symbols,
        };
        let profile = attributed.profile();
        let functions: Vec<_> =
            profile.functions.iter().map(|function| (&*function.name, function.kind)).collect();
        let expected = [
            ("[user]", Kind::Ordinary),
            ("entry", Kind::Ordinary),
            ("asm_sysvec_apic_timer_interrupt", Kind::Interrupt),
            ("bpf_prog_1", Kind::Dynamic),
        ];
        assert_eq!(functions, expected);
        assert!(profile.functions.iter().all(|function| function.is_named));
        assert_eq!(profile.paths[4], Path { caller: Some(1), function: 3 });
        assert_eq!(profile.operations, [vec![(1, 3), (3, 4)]]);
    }
}
