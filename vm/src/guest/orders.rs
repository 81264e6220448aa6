//! What hookbench has an agent do.

/// What hookbench has an agent do, as JSON.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Orders<'a> {
    /// What to attach, an [`AttachOrder`](hookbench_model::protocol::AttachOrder), or what to do in place of a cell.
    pub first: &'a [u8],
    /// The cell, which the agent reads when the monitor is attached.
    pub cell: &'a [u8],
}

impl<'a> Orders<'a> {
    /// Something to do in place of a cell.
    pub fn only(first: &'a [u8]) -> Orders<'a> {
        Orders { first, cell: b"" }
    }
}
