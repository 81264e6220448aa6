//! How long the agent waits for readers in user space to catch up, and for the kernel to give memory back.

use std::time::Duration;

/// After attaching, before memory is looked at.
pub(super) const SETTLE: Duration = Duration::from_millis(20);

/// Between two looks at what a reader has counted.
pub(super) const BETWEEN_LOOKS: Duration = Duration::from_millis(20);

/// The number of looks after which the agent expects nothing more.
pub(super) const LOOKS: u32 = 25;
