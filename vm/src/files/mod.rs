//! Files of the host: reading ELF files, naming contents by digests, locking,
//! copying sparse files, and the private folders that guests write into.

pub(crate) mod digest;
pub mod elf;
pub mod flock;
pub mod scratch;
pub(crate) mod sparse_copy;
