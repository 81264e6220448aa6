//! Mechanisms: the ways in which the kernel lets a monitor watch or stop a behaviour.
//! Each has a file in [`mechanisms`] and a row in its table.
//!
//! Without the feature `attach` this crate is the table alone: names, what a monitor
//! needs and what it can do. The feature adds `attach`, which runs in the guest.

#[cfg(feature = "attach")]
mod arch;
#[cfg(feature = "attach")]
pub mod attach;
pub mod custom;
mod info;
pub mod kernel_text;
mod mechanism;
pub mod mechanisms;
pub mod modules;
#[cfg(feature = "attach")]
mod room;
pub mod undo;

pub use info::{BpfHook, LOADER, Loader, MechanismInfo, Requires, STACKED, Scope, SinkInfo, Watches};
pub use mechanism::{Mechanism, Monitor};
pub use mechanisms::{MECHANISMS, find, monitors, none};
