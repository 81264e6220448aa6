//! A plan says which cells to measure. This crate reads plans, selects by names and
//! globs, and names custom monitors. It opens no kernel and starts nothing.

pub mod custom_name;
pub mod plan;
pub mod select;
