//! `--target host`: this machine itself, with hardware clocks, in rounds (`rounds.rs`).
//! There are no kernels, images or snapshots to obtain.

use anyhow::{Context, Result};

use super::opened::Opened;
use crate::run::interrupt::Stop;
use crate::session::host::{HostSession, Terms};

/// Opens a session on this machine.
///
/// # Errors
/// When another run is in progress, or a killed run left changes to undo.
pub(super) fn open(options: &Terms) -> Result<Opened> {
    let interrupt = Stop::on_signals().context("failed to listen to signals")?;
    let session = HostSession::open(options, &interrupt)?;
    let environment = session.environment().clone();
    Ok(Opened { session: Box::new(session), environment, interrupt })
}
