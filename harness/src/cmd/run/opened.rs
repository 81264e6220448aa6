//! An opened session with what belongs to it while it measures, and the provisions of
//! guests, which come before it.

use anyhow::Result;

use super::selection::Selection;
use crate::cmd::progress::Progress;
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
/// When a download or a build fails.
pub(super) fn fetch(selection: &Selection) -> Result<Provisions> {
    let progress = Progress::begin("fetch", 0);
    Provisions::fetch(selection.needs(), &|message| progress.say(message))
}
