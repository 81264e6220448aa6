//! Scenarios on the host: which of them to try under which policies, the guests that try them, and what came out.

mod cell;
mod session;

pub use cell::{Outcome, ScenarioCell};
pub use session::ScenarioSession;
