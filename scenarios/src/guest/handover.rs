//! Where the machine may be copied, and how a copy gets its order. The program shares the agent's instructions for both:
//! those files have no other place, because the agent's bytes decide numbers.

#[path = "../../../agent/src/channel/fw_cfg.rs"]
#[allow(dead_code, reason = "the agent reads more than a cell")]
mod fw_cfg;
#[path = "../../../agent/src/channel/snapshot_point.rs"]
#[allow(dead_code, reason = "the agent stops the machine too")]
mod snapshot_point;

use anyhow::{Context, Result};

use crate::exchange::Order;

/// Offers the machine to be copied, and reads the order of this copy. All histories go on at the same time.
///
/// # Errors
/// When the machine has no order.
pub(super) fn receive() -> Result<Order> {
    let input = snapshot_point::copy_and_align(fw_cfg::read_cell).context("failed to read the order")?;
    serde_json::from_slice(&input.cell).context("failed to understand the order")
}
