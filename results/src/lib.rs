//! The words of hookbench as types: what a cell is, what a measurement says,
//! how a run is stored and which statistics are computed from its samples.
//!
//! Pure: nothing here starts a process, reads a kernel or knows of QEMU.

pub mod agreement;
pub mod baseline;
pub mod behaviour;
pub mod boot;
pub mod cell;
#[cfg(feature = "compare")]
pub mod compare;
#[cfg(feature = "compare")]
pub mod correlate;
pub mod environment;
#[cfg(feature = "compare")]
pub mod gate;
pub mod hardware;
pub mod journal;
pub mod loading;
pub mod measurement;
pub mod merge;
pub mod monitor;
pub mod noisy;
pub mod param;
pub mod params;
pub mod protocol;
pub mod random;
pub mod run;
pub mod samples;
pub mod schedule;
#[cfg(test)]
mod schema;
pub mod shard;
pub mod stats;
pub mod stops;
pub mod store;
mod students_t;
pub mod version;
pub mod work;

pub use behaviour::{BEHAVIOURS, Behaviour};
pub use boot::{Boot, Profile};
pub use cell::{Cell, Target};
#[cfg(feature = "compare")]
pub use compare::Comparison;
pub use environment::Environment;
pub use loading::Loading;
pub use measurement::{
    Clock, ClockSamples, Events, Failure, FailureKind, History, Measured, Measurement, Outcome,
};
pub use monitor::{MonitorName, OwnKind};
pub use params::Params;
pub use run::Run;
pub use schedule::Schedule;
pub use shard::Shard;
pub use stats::Summary;
pub use stops::{Does, Refusal, Whom};
pub use version::KernelVersion;
pub use work::{Work, WorkKind};
