//! A run: its measurements and the environment that made them, its journal while it is
//! being made, its files, and shards of a plan put together.
//!
//! Pure: nothing here starts a process, reads a kernel or knows of QEMU. What a run means
//! is the business of the crate `analysis`.

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
pub mod shard;
pub mod store;
mod write;

pub use environment::Environment;
pub use run::Run;
pub use shard::Shard;
