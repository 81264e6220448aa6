//! What hookbench checks before it believes a number: requirements before a cell, the
//! agent's answer after it.

pub(crate) mod check;
pub(crate) mod described;
pub(crate) mod modules;
pub(crate) mod outcome;
pub(crate) mod requirements;
