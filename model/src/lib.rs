//! The words of hookbench as types: what a behaviour, a monitor and a cell are, what a
//! measurement says, and what the host and the agent in the guest say to each other.
//!
//! This crate is all that the agent knows of results: a change here changes the agent's
//! bytes, and with them numbers. Nothing here starts a process or knows of QEMU.

pub mod behaviour;
pub mod boot;
pub mod cell;
pub mod loading;
pub mod measurement;
pub mod monitor;
pub mod param;
pub mod params;
pub mod protocol;
pub mod schedule;
pub mod stops;
pub mod version;
pub mod work;

pub use behaviour::{BEHAVIOURS, Behaviour};
pub use boot::{Boot, Profile};
pub use cell::{Cell, Target};
pub use loading::Loading;
pub use measurement::{
    Clock, ClockSamples, Events, Failure, FailureKind, History, Measured, Measurement, Outcome,
};
pub use monitor::{MonitorName, OwnKind};
pub use params::Params;
pub use schedule::Schedule;
pub use stops::{Does, Refusal, Whom};
pub use version::KernelVersion;
pub use work::{Work, WorkKind};
