//! Files of the host: reading ELF files, digests of contents, locks, copies of
//! sparse files, and the private folders for guests' files.

pub mod bpf_object;
pub mod digest;
pub mod elf;
pub mod flock;
pub mod scratch;
pub mod script;
pub(crate) mod sparse_copy;
mod tail_calls;
