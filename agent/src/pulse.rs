//! Whether a monitor that samples did look as often as it claims to: it may miss
//! events, and nobody can tell from them whether it is deaf.

use std::time::Instant;

use anyhow::{Context, Result};
use hookbench_model::protocol::AgentMessage;
use hookbench_model::{Failure, FailureKind};
use hookbench_probes::attach::{Attached, Ticks};

/// Of a hundred ticks that are due, so many have to be made: the first and the last
/// are cut off, and one may be late.
const DUE: u64 = 90;

/// Every timer keeps up with so many ticks a second: QEMU's PIT, which the guests have,
/// is never set to less than 13 microseconds from now. Above, some cannot.
const KEPT_UP: u64 = 50_000;

/// Taken before the worker is started.
pub(crate) struct Pulse {
    before: Ticks,
    begin: Instant,
}

impl Pulse {
    /// Starts, for a monitor that samples.
    pub(crate) fn start(attached: &mut dyn Attached) -> Result<Option<Pulse>> {
        let before = attached.ticks().context("failed to read the ticks")?;
        Ok(before.map(|before| Pulse { before, begin: Instant::now() }))
    }

    /// How many ticks were made since, or that they were too few.
    pub(crate) fn end(self, attached: &mut dyn Attached) -> Result<Result<u64, AgentMessage>> {
        let passed = self.begin.elapsed().as_micros() as u64;
        let after = attached.ticks().context("failed to read the ticks")?;
        let made = after.map_or(0, |after| after.made).saturating_sub(self.before.made);
        let due = passed * self.before.rate / 1_000_000;
        if made > 0 && made >= due * DUE / 100 {
            return Ok(Ok(made));
        }
        let message = format!("the timer ticked {made} times of {due}");
        Ok(Err(if self.before.rate > KEPT_UP && made > 0 {
            AgentMessage::Unsupported(format!("{message}: this machine's cannot keep up"))
        } else {
            AgentMessage::Failed(Failure { kind: FailureKind::EventsMismatch, message, console: Vec::new() })
        }))
    }
}
