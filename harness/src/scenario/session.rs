//! A session of guests that try scenarios, each cell in a guest of its own.

use anyhow::{Context, Result};
use hookbench_model::protocol::ProgramOrder;
use hookbench_model::{Failure, FailureKind};
use hookbench_scenarios::exchange::{Answer, Order, PROGRAM};
use hookbench_vm::image::{Content, GuestFile};

use super::cell::{Outcome, ScenarioCell};
use crate::session::embedded::SCENARIOS;
use crate::session::guests::{ExactSession, Program, Ran};

/// How long a guest may take, in seconds of its time.
const BUDGET: u64 = 300;

/// Guests that try scenarios.
pub struct ScenarioSession {
    guests: ExactSession,
    files: Vec<GuestFile>,
}

impl ScenarioSession {
    /// A session of these guests.
    #[must_use]
    pub fn new(guests: ExactSession) -> ScenarioSession {
        let program = PROGRAM.trim_start_matches('/').to_owned();
        let file = GuestFile { path: program, mode: 0o755, content: Content::File(SCENARIOS.to_vec()) };
        ScenarioSession { guests, files: vec![file] }
    }

    /// Tries `ways` of the cell, or all of them if there are none.
    pub fn run(&self, cell: ScenarioCell<'_>, ways: &[String]) -> Outcome {
        self.try_run(cell, ways).unwrap_or_else(|error| {
            let message = format!("{error:#}");
            Outcome::Failed(Failure { kind: FailureKind::Qemu, message, console: Vec::new() })
        })
    }

    fn try_run(&self, cell: ScenarioCell<'_>, ways: &[String]) -> Result<Outcome> {
        let order = Order {
            scenario: cell.scenario.name.into(),
            policy: cell.policy.to_string(),
            ways: ways.to_vec(),
        };
        let input = serde_json::to_string(&order).context("failed to render the order")?;
        let order = ProgramOrder { program: vec![PROGRAM.into()], input, budget: BUDGET };
        let boots_as = cell.boots_as()?;
        Ok(match self.guests.run_program(&Program { boots_as: &boots_as, files: &self.files, order })? {
            Ran::Unsupported(why) => Outcome::Unsupported(why),
            Ran::Failed(failure) => Outcome::Failed(failure),
            Ran::Answered(text) => match serde_json::from_str(&text) {
                Ok(Answer::Tried(tried)) => Outcome::Tried(tried),
                Ok(Answer::Unsupported(why)) => Outcome::Unsupported(why),
                Err(error) => Outcome::Failed(Failure {
                    kind: FailureKind::Protocol,
                    message: format!("the guest's answer is not one of a scenario: {error}"),
                    console: Vec::new(),
                }),
            },
        })
    }
}
