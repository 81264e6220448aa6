//! What PID 1 does before it knows its cell, and what it unpacks and loads for it: the guest's kernel, its
//! CPUs, and the task that keeps them busy.

pub(crate) mod cpus;
pub(crate) mod entropy;
pub(crate) mod idle;
pub(crate) mod kernel;
pub(crate) mod modules;
pub(crate) mod payload;
pub(crate) mod symbols;
