//! The vocabulary of hookbench as types: behaviours, monitors, cells and measurements, and the
//! messages between the host and the agent in the guest.
//!
//! The agent links this crate, so a change here changes the agent's bytes, and with them the
//! numbers. Nothing here starts a process or knows QEMU.

pub mod accounting;
mod arch;
pub mod attribution;
pub mod behaviour;
pub mod boot;
pub mod caveat;
pub mod cell;
pub mod channel;
pub mod enforcement;
pub mod loading;
pub mod measurement;
pub mod monitor;
pub mod param;
pub mod params;
pub mod policy;
pub mod protocol;
pub mod schedule;

pub mod custom_workload;
pub mod version;

pub use accounting::Accounting;
pub use attribution::{Attribution, Share};
pub use behaviour::{BEHAVIOURS, Behaviour};
pub use boot::{Boot, Profile};
pub use caveat::Caveat;
pub use cell::{Cell, Target};
pub use custom_workload::{CustomWorkload, CustomWorkloadKind};
pub use enforcement::{DenyScope, Enforcement, Refusal};
pub use loading::Loading;
pub use measurement::{
    Clock, ClockSamples, Events, Failure, FailureKind, History, Measured, Measurement, Outcome,
};
pub use monitor::{CustomMonitorKind, MonitorName};
pub use params::Params;
pub use policy::Policy;
pub use schedule::Schedule;
pub use version::KernelVersion;
