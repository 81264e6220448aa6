//! `--target kvm`: guests on this machine's CPU, with hardware clocks. hookbench boots a
//! new guest for each cell in each round (`rounds.rs`).

use anyhow::{Context, Result};

use super::opened::{Opened, fetch};
use super::selection::Selection;
use crate::interrupt::Interrupt;
use crate::session::guests::{Kvm, KvmSession};
use crate::session::hardware::HardwareOptions;

/// Obtains what the guests need, and opens a session of them.
///
/// # Errors
/// When a download or a build fails, or KVM cannot run a guest; the error says why.
pub(super) fn open(selection: &Selection, options: &HardwareOptions) -> Result<Opened> {
    open_session(selection, options)
        .context("cannot run under KVM (use --target tcg, which needs no KVM and counts exactly)")
}

fn open_session(selection: &Selection, options: &HardwareOptions) -> Result<Opened> {
    let kvm = Kvm::choose(options)?;
    let provisions = fetch(selection)?;
    let interrupt = Interrupt::on_signals().context("failed to listen to signals")?;
    let session = KvmSession::open(provisions, kvm, &interrupt)?;
    session.try_boot(selection.cells.kernels.first().context("no kernel was selected")?)?;
    Ok(Opened { session: Box::new(session), interrupt })
}
