//! Runs: their measurements and environment, the journal while a run is in progress, the files
//! of a run, and merging the shards of a plan.
//!
//! Nothing here starts a process, reads a kernel or knows QEMU. What a run means is the
//! business of the crate `analysis`.

pub mod attachments;
pub mod digest;
pub mod environment;
pub mod hardware;
pub mod journal;
pub mod merge;
pub mod run;
pub mod samples;
#[cfg(test)]
mod schema;
pub mod security_modules;
pub mod shard;
pub mod store;
mod write;

pub use environment::Environment;
pub use run::Run;
pub use shard::Shard;
