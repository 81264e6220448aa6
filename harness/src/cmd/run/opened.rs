//! An opened session with what belongs to it while it measures.

use hookbench_results::Environment;

use crate::run::interrupt::Stop;
use crate::session::Session;

/// A session that is ready to measure.
pub(super) struct Opened {
    pub(super) session: Box<dyn Session>,
    /// The environment in which the session measures.
    pub(super) environment: Environment,
    /// The interrupt that the session polls.
    pub(super) interrupt: Stop,
}
