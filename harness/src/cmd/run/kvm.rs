//! `--target kvm`: guests on this machine's CPU, with hardware clocks. hookbench boots a
//! new guest for each cell in each round (`rounds.rs`).

use anyhow::{Context, Result};

use super::opened::Opened;
use super::selection::Selection;
use crate::cmd::progress::Progress;
use crate::run::interrupt::Stop;
use crate::session::guests::QemuSession;
use crate::session::guests::kvm::{self, Kvm};
use crate::session::host::Terms;

/// Obtains what the guests need, and opens a session of them.
///
/// # Errors
/// When a download or a build fails, or KVM cannot run a guest; the error says why.
pub(super) fn open(selection: &Selection, options: &Terms) -> Result<Opened> {
    open_session(selection, options)
        .context("cannot run under KVM (use --target tcg, which needs no KVM and counts exactly)")
}

fn open_session(selection: &Selection, options: &Terms) -> Result<Opened> {
    let cells = &selection.cells;
    let kvm = Kvm::of(options)?;
    let session = {
        let progress = Progress::begin("fetch", 0);
        let say = |message: &str| progress.say(message);
        let session = QemuSession::open(&cells.kernels, 1, options.budget, &say)?;
        session.with_modules(&cells.kernels_with_modules(), &say).with_own(cells.monitors.clone(), &say)?
    };
    let interrupt = Stop::on_signals().context("failed to listen to signals")?;
    let session = session.under_kvm(kvm).stopped_by(&interrupt);
    let kernel = cells.kernels.first().context("no kernel was selected")?;
    kvm::boots(&session, kernel)?;
    let session = session.for_cells(cells.planned.iter().map(|planned| &planned.cell))?;
    let environment = session.environment().clone();
    Ok(Opened { session: Box::new(session), environment, interrupt })
}
