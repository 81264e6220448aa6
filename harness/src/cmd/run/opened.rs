//! An opened session with what belongs to it while it measures, and the provisions of
//! guests, which come before it.

use anyhow::Result;
use hookbench_vm::kernel::NotAKernel;

use super::selection::Selection;
use crate::cmd::progress::Progress;
use crate::cmd::usage;
use crate::custom::cannot_start::CannotStart;
use crate::interrupt::Interrupt;
use crate::session::Session;
use crate::session::guests::Provisions;

/// A session that is ready to measure.
pub(super) struct Opened {
    pub(super) session: Box<dyn Session>,
    /// The interrupt that the session polls.
    pub(super) interrupt: Interrupt,
}

/// Obtains what the guests of `selection` need.
///
/// # Errors
/// When a download or a build fails. A usage error when a file that the user passed is
/// not a kernel, or a command cannot start in the guest.
pub(super) fn fetch(selection: &Selection) -> Result<Provisions> {
    let progress = Progress::begin("fetch", 0);
    let fetched = Provisions::fetch(selection.needs(), &|message| progress.say(message));
    fetched.map_err(|error| match error.is::<NotAKernel>() || error.is::<CannotStart>() {
        true => usage(error),
        false => error,
    })
}
