//! ELF files: `dynamic.rs` reads what programs need to start, `facts.rs` the facts about
//! kernels and their modules.

mod dynamic;
mod facts;

#[cfg(test)]
pub(crate) use dynamic::tests::library;
pub use dynamic::{Needs, needs, program_needs};
pub use facts::{has_pvh_entry, is_elf, needed_modules, release};

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn read_all(bytes: &[u8]) {
        let _ = (needs(bytes), program_needs(bytes), needed_modules(bytes));
        let _ = (has_pvh_entry(bytes), release(bytes));
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_without_panic(
            at in 0_usize..4096,
            bytes in proptest::collection::vec(any::<u8>(), 1..16),
            length in 0_usize..100_000,
        ) {
            let mut program = std::fs::read("/bin/true").unwrap();
            let at = at.min(program.len() - bytes.len());
            program[at..at + bytes.len()].copy_from_slice(&bytes);
            program.truncate(length);
            read_all(&program);
            read_all(&bytes);
        }
    }
}
