//! A policy that processes put on themselves, and that has no records.

use super::Attached;

/// Such a policy; by default `none`, which does nothing.
#[derive(Default)]
pub(super) struct Confining {
    /// What it does.
    pub(super) names: Vec<String>,
    /// What it lacks on this kernel.
    pub(super) lacks: Vec<String>,
}

impl Attached for Confining {
    fn names(&self) -> &[String] {
        &self.names
    }

    fn lacks(&self) -> &[String] {
        &self.lacks
    }
}
