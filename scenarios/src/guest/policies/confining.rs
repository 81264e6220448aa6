//! A policy that processes put on themselves, and that has no records.

use anyhow::Result;

use super::Attached;
use crate::exchange::Record;

/// Such a policy.
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

    fn clear(&mut self) -> Result<()> {
        Ok(())
    }

    fn records(&mut self, _: (u64, u64)) -> Result<Vec<Record>> {
        Ok(Vec::new())
    }
}
