//! The audit subsystem of the kernel: its netlink socket, rules as bytes, and its records as events.

mod event;
mod fields;
mod link;
mod log;
mod rule;
mod window;

pub(super) use event::{Event, Events};
pub(super) use fields::field;
pub(super) use link::Link;
pub(super) use log::Log;
pub(super) use rule::{encode, window_rules};
pub(super) use window::Window;
