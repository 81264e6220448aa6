//! The audit subsystem of the kernel: its netlink socket, rules as bytes, and its records as events.

mod event;
mod link;
mod rule;

pub(super) use event::{Event, Events};
pub(super) use link::Link;
pub(super) use rule::{encode, window_rules};
