//! Nothing watches.

use anyhow::Result;

use super::{Attach, Attached};
use crate::exchange::Record;

struct Nothing;

pub(super) fn attach() -> Result<Attach> {
    Ok(Attach::Attached(Box::new(Nothing)))
}

impl Attached for Nothing {
    fn names(&self) -> &[String] {
        &[]
    }

    fn lacks(&self) -> &[String] {
        &[]
    }

    fn clear(&mut self) -> Result<()> {
        Ok(())
    }

    fn records(&mut self, _: (u64, u64)) -> Result<Vec<Record>> {
        Ok(Vec::new())
    }
}
