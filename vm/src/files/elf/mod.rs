//! ELF files: `dynamic.rs` reads what programs need to start, `facts.rs` the facts about
//! kernels and their modules.

mod dynamic;
mod facts;

#[cfg(test)]
pub(crate) use dynamic::tests::library;
pub use dynamic::{Needs, needs, program_needs};
pub use facts::{has_pvh_entry, is_elf, needed_modules, release};
