//! Runs: their measurements, cells of scenarios and environment, the journal while a run is in progress, the files
//! of a run, and merging the shards of a plan.
//!
//! Nothing here starts a process, reads a kernel or knows QEMU. What a run means is the
//! business of the crate `analysis`.

pub mod attachments;
pub mod described;
pub mod digest;
pub mod environment;
pub mod hardware;
pub mod journal;
pub mod merge;
pub mod run;
pub mod samples;
pub mod scenario;
#[cfg(test)]
mod schema;
pub mod security_modules;
pub mod shard;
pub mod store;
mod write;

pub use environment::Environment;
pub use run::Run;
pub use scenario::{ScenarioCell, ScenarioOutcome};
pub use shard::Shard;
