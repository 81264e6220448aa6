//! A plan says which cells to measure. This crate reads plans, expands them to cells,
//! selects by names and globs, and names custom monitors. It opens no kernel and starts
//! nothing.

mod axes;
mod custom;
mod expand;
mod named;
mod plan;
mod select;
mod tables;

pub use custom::{custom_monitor_name, expect, parse_command, split_lists, split_tuning, with_tuning};
pub use expand::Planned;
pub use named::NAMED;
pub use plan::{Plan, Products};
pub use select::select;
pub use tables::{monitor_names, workload_names};
