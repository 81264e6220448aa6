//! Scenarios on the host: which of them to try under which policies, the guests that try them, and what came out.

mod cell;
mod compiled;
pub(crate) mod custom;
pub(crate) mod described;
mod mitigate;
mod modules;
mod price;
mod race;
mod react;
mod rehearsal;
mod session;

pub use cell::{Ended, Outcome, ScenarioCell};
pub use race::Raced;
pub use session::ScenarioSession;

/// The scenario of a new user namespace.
fn userns() -> anyhow::Result<&'static hookbench_scenarios::Scenario> {
    anyhow::Context::context(hookbench_scenarios::find("userns"), "there is no scenario userns")
}
