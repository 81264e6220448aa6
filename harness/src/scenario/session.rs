//! A session of guests that try scenarios, each cell in a guest of its own.

use anyhow::{Context, Result};
use hookbench_model::protocol::ProgramOrder;
use hookbench_model::{Cell, Failure, FailureKind};
use hookbench_scenarios::exchange::{Answer, Order, PROGRAM};
use hookbench_vm::image::{Content, GuestFile};
use hookbench_vm::kernel::Kernel;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::cell::{Ended, Outcome, ScenarioCell};
use super::modules::{Modules, needed};
use crate::session::embedded::SCENARIOS;
use crate::session::guests::{ExactSession, Program, Ran};

/// How long a guest may take, in seconds of its time.
const BUDGET: u64 = 300;

/// What a guest is like.
pub(super) struct Guest<'a> {
    /// The cell whose kernel, machine and boot line it has.
    pub(super) boots_as: &'a Cell,
    /// Words that its boot line has in addition.
    pub(super) words: &'a [&'a str],
    /// The modules of the kernel's own package that it gets.
    pub(super) modules: &'a [&'static str],
}

/// Guests that try scenarios.
pub struct ScenarioSession {
    guests: ExactSession,
    program: GuestFile,
    modules: Modules,
}

impl ScenarioSession {
    /// A session of these guests.
    #[must_use]
    pub fn new(guests: ExactSession) -> ScenarioSession {
        let program = PROGRAM.trim_start_matches('/').to_owned();
        let file = GuestFile { path: program, mode: 0o755, content: Content::File(SCENARIOS.to_vec()) };
        ScenarioSession { guests, program: file, modules: Modules::default() }
    }

    /// The kernel called `name`.
    ///
    /// # Errors
    /// When the session was opened without it.
    pub(super) fn kernel(&self, name: &str) -> Result<&Kernel> {
        self.guests.kernel(name)
    }

    /// Tries `ways` of the cell, or all of them if there are none.
    pub fn run(&self, cell: ScenarioCell<'_>, ways: &[String]) -> Outcome {
        self.try_run(cell, ways).unwrap_or_else(|error| Outcome::prevented(&error))
    }

    fn try_run(&self, cell: ScenarioCell<'_>, ways: &[String]) -> Result<Outcome> {
        let order = Order {
            scenario: cell.scenario.name.into(),
            policy: cell.policy.to_string(),
            ways: ways.to_vec(),
        };
        Ok(match self.ask(cell, &[], &order)? {
            Ended::Done(Answer::Tried(tried)) => Ended::Done(tried),
            Ended::Done(Answer::Unsupported(why)) | Ended::Unsupported(why) => Ended::Unsupported(why),
            Ended::Failed(failure) => Ended::Failed(failure),
        })
    }

    /// Has a guest for `cell` run the scenarios' program with these arguments and this order.
    ///
    /// # Errors
    /// When the guest cannot be prepared.
    pub(super) fn ask<A: DeserializeOwned>(
        &self,
        cell: ScenarioCell<'_>,
        arguments: &[&str],
        order: &impl Serialize,
    ) -> Result<Ended<A>> {
        let boots_as = cell.boots_as()?;
        let modules = needed(cell.scenario);
        self.ask_guest(&Guest { boots_as: &boots_as, words: &[], modules: &modules }, arguments, order)
    }

    /// Likewise, for a guest that is not one of a cell.
    ///
    /// # Errors
    /// When the guest cannot be prepared.
    pub(super) fn ask_guest<A: DeserializeOwned>(
        &self,
        guest: &Guest<'_>,
        arguments: &[&str],
        order: &impl Serialize,
    ) -> Result<Ended<A>> {
        let &Guest { boots_as, words, modules } = guest;
        let input = serde_json::to_string(order).context("failed to render the order")?;
        let program = [PROGRAM].iter().chain(arguments).map(|word| word.to_string()).collect();
        let order = ProgramOrder { program, input, budget: BUDGET };
        let mut files = vec![self.program.clone()];
        if let Ok(kernel) = self.kernel(&boots_as.kernel) {
            files.extend(self.modules.files(modules, kernel, self.guests.cache())?);
        }
        Ok(match self.guests.run_program(&Program { boots_as, words, files: &files, order })? {
            Ran::Unsupported(why) => Ended::Unsupported(why),
            Ran::Failed(failure) => Ended::Failed(failure),
            Ran::Answered(text) => match serde_json::from_str(&text) {
                Ok(answer) => Ended::Done(answer),
                Err(error) => Ended::Failed(Failure {
                    kind: FailureKind::Protocol,
                    message: format!("the guest's answer is not one of a scenario: {error}"),
                    console: Vec::new(),
                }),
            },
        })
    }
}
