//! `--target host`: this machine itself, with hardware clocks, in rounds (`rounds.rs`).
//! There are no kernels, images or snapshots to obtain.

use anyhow::{Context, Result};

use super::opened::Opened;
use crate::interrupt::Interrupt;
use crate::session::hardware::HardwareOptions;
use crate::session::host::HostSession;

/// Opens a session on this machine.
///
/// # Errors
/// When another run is in progress, or a killed run left changes to undo.
pub(super) fn open(options: &HardwareOptions) -> Result<Opened> {
    let interrupt = Interrupt::on_signals().context("failed to listen to signals")?;
    let session = HostSession::open(options, &interrupt)?;
    Ok(Opened { session: Box::new(session), interrupt })
}
