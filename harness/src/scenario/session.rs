//! A session of guests that try scenarios, each cell in a guest of its own.

use anyhow::{Context, Result, anyhow};
use hookbench_model::Cell;
use hookbench_model::protocol::ProgramOrder;
use hookbench_results::Environment;
use hookbench_scenarios::Need;
use hookbench_scenarios::exchange::{CustomWay, MITIGATE, Order, PROGRAM};
use hookbench_vm::image::{Content, GuestFile};
use hookbench_vm::kernel::Kernel;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::cell::{Ended, Outcome, ScenarioCell};
use super::compiled::{Compiled, WantedPolicy};
use super::custom::Ready;
use super::modules::{Modules, needed};
use super::price::{checked, described};
use crate::session::Session;
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
    /// The modules that it gets.
    pub(super) modules: &'a [Need],
    /// The policies that it gets, compiled.
    pub(super) policies: &'a [GuestFile],
}

/// What the guest of a cell is like.
struct CellGuest {
    boots_as: Cell,
    words: &'static [&'static str],
    modules: Vec<Need>,
    policies: Vec<GuestFile>,
}

impl CellGuest {
    fn borrow(&self) -> Guest<'_> {
        let CellGuest { boots_as, words, modules, policies } = self;
        Guest { boots_as, words, modules, policies }
    }
}

/// What a guest gets from hookbench, as JSON.
struct Asked {
    /// What its program reads.
    input: String,
    /// What the program reads where the machine may be copied, if it offers that.
    order: Option<String>,
}

/// Guests that try scenarios.
pub struct ScenarioSession {
    guests: ExactSession,
    program: GuestFile,
    modules: Modules,
    compiled: Compiled,
    is_broken: bool,
    /// The kernels on which policies are priced; all if there are none.
    priced: Vec<String>,
    /// The files of the custom way.
    files: Vec<GuestFile>,
    custom: Option<CustomWay>,
}

impl ScenarioSession {
    /// A session of these guests.
    #[must_use]
    pub fn new(guests: ExactSession) -> ScenarioSession {
        let program = PROGRAM.trim_start_matches('/').to_owned();
        let file = GuestFile { path: program, mode: 0o755, content: Content::File(SCENARIOS.to_vec()) };
        ScenarioSession {
            guests,
            program: file,
            modules: Modules::default(),
            compiled: Compiled::default(),
            is_broken: false,
            priced: Vec::new(),
            files: Vec::new(),
            custom: None,
        }
    }

    /// The kernel called `name`.
    ///
    /// # Errors
    /// When the session was opened without it.
    pub(super) fn kernel(&self, name: &str) -> Result<&Kernel> {
        self.guests.kernel(name)
    }

    /// The same, with policies that are broken on purpose: they attach and have nothing to do.
    #[must_use]
    pub fn with_broken_policies(self) -> ScenarioSession {
        ScenarioSession { is_broken: true, ..self }
    }

    /// The same, which prices policies on these kernels only; on all if there are none.
    #[must_use]
    pub(crate) fn pricing_on(self, priced: Vec<String>) -> ScenarioSession {
        ScenarioSession { priced, ..self }
    }

    /// The same session with a custom way, which all cells try in place of their own ways.
    #[must_use]
    pub(crate) fn with_custom(mut self, custom: Ready) -> ScenarioSession {
        self.files.extend(custom.files);
        self.custom = Some(custom.way);
        self
    }

    /// What can change the results, apart from the scenarios themselves.
    #[must_use]
    pub fn environment(&self) -> &Environment {
        self.guests.environment()
    }

    /// The names of the ways that a cell tries: the custom way, or those of its scenario that `selected` has; all if
    /// that is empty.
    #[must_use]
    pub fn ways<'a>(&'a self, cell: ScenarioCell<'_>, selected: &[String]) -> Vec<&'a str> {
        match &self.custom {
            Some(custom) => vec![&custom.name],
            None => cell.ways(selected).collect(),
        }
    }

    /// Tries the `selected` ways of the cell, or all of them if there are none.
    pub fn run(&self, cell: ScenarioCell<'_>, selected: &[String]) -> Outcome {
        self.try_run(cell, selected).unwrap_or_else(|error| Outcome::prevented(&error))
    }

    fn try_run(&self, cell: ScenarioCell<'_>, selected: &[String]) -> Result<Outcome> {
        if let Some(why) = self.lack(cell)? {
            return Ok(Ended::Unsupported(why));
        }
        let ways = self.ways(cell, selected);
        let mut whole = match self.try_first(cell, &ways)? {
            Ended::Done(tried) => tried,
            other => return Ok(other),
        };
        // A policy that cannot record more in a guest leaves the rest to another one.
        while let Some(left) = ways.get(whole.ways.len()..).filter(|left| !left.is_empty()) {
            match self.try_first(cell, left)? {
                Ended::Done(tried) => whole.ways.extend(tried.ways),
                other => return Ok(other),
            }
        }
        Ok(Ended::Done(whole))
    }

    /// Has a guest try `ways`, or the first of them.
    fn try_first(&self, cell: ScenarioCell<'_>, ways: &[&str]) -> Result<Outcome> {
        let order = Order {
            timing: None,
            policy: cell.policy.to_string(),
            ways: if self.custom.is_some() {
                Vec::new()
            } else {
                ways.iter().map(|way| way.to_string()).collect()
            },
            custom: self.custom.clone(),
            is_broken: self.is_broken,
        };
        if self.has_prices(cell, ways) {
            self.run_with_prices(cell, &order, ways)
        } else {
            self.run_plain(cell, &order, ways)
        }
    }

    /// Tries the ways of the cell in a guest that is not followed.
    ///
    /// # Errors
    /// When the guest cannot be prepared.
    pub(super) fn run_plain(&self, cell: ScenarioCell<'_>, order: &Order, ways: &[&str]) -> Result<Outcome> {
        let ended = match self.guest_for(cell, &[])? {
            Ok(guest) => {
                let asked = self.asked(cell, order)?;
                understood(self.with_guest_program(&guest.borrow(), &[], &asked, |program| {
                    self.guests.run_program(program)
                })?)
            }
            Err(gone) => Ended::Unsupported(gone),
        };
        Ok(match checked(ended, ways) {
            Ended::Done(found) => Ended::Done(described(cell, found.tried)),
            Ended::Unsupported(why) => Ended::Unsupported(why),
            Ended::Failed(failure) => Ended::Failed(failure),
        })
    }

    /// The guests.
    pub(super) fn guests(&self) -> &ExactSession {
        &self.guests
    }

    /// Whether QEMU's plugin follows the instructions of guests with `kernel`.
    pub(super) fn follows(&self, kernel: &str) -> bool {
        let is_priced = self.priced.is_empty() || self.priced.iter().any(|priced| priced == kernel);
        is_priced && self.environment().unattributed.is_empty()
    }

    /// Why the cell's kernel cannot have its scenario, as far as that is known without a guest.
    fn lack(&self, cell: ScenarioCell<'_>) -> Result<Option<String>> {
        let Ok(kernel) = self.kernel(cell.kernel) else { return Ok(None) };
        for option in cell.scenario.config {
            let has = |value| kernel.config_has(option, value);
            if has('y')? == Some(false) && has('m')? == Some(false) {
                return Ok(Some(format!("the kernel was built without {option}")));
            }
        }
        Ok(None)
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
        match self.guest_for(cell, arguments)? {
            Ok(guest) => self.ask_guest(&guest.borrow(), arguments, order),
            Err(gone) => Ok(Ended::Unsupported(gone)),
        }
    }

    /// The guest that tries `cell`, or does with its policy what `arguments` say. The inner error says why the mirror
    /// cannot supply its policy's compiler.
    fn guest_for(&self, cell: ScenarioCell<'_>, arguments: &[&str]) -> Result<Result<CellGuest, String>> {
        let wanted = WantedPolicy {
            scenario: cell.scenario,
            name: cell.policy,
            is_broken: self.is_broken,
            with_allowing: arguments.contains(&MITIGATE),
        };
        let mut modules = needed(cell.scenario);
        modules.extend(cell.policy.policy.needs());
        let (boots_as, words) = (cell.boots_as()?, cell.policy.policy.words());
        let policies = self.compiled.files(wanted, self.guests.cache())?;
        Ok(policies.map(|policies| CellGuest { boots_as, words, modules, policies }))
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
        let asked = Asked { input: rendered(order)?, order: None };
        Ok(understood(
            self.with_guest_program(guest, arguments, &asked, |program| self.guests.run_program(program))?,
        ))
    }

    /// Calls `run` with the program that carries out `order` in a guest for `cell`.
    ///
    /// # Errors
    /// Those of `run`, or when the guest's files cannot be made.
    pub(super) fn with_program<T>(
        &self,
        cell: ScenarioCell<'_>,
        order: &Order,
        run: impl FnOnce(&Program<'_>) -> Result<T>,
    ) -> Result<T> {
        let guest = self.guest_for(cell, &[])?.map_err(|gone| anyhow!(gone))?;
        self.with_guest_program(&guest.borrow(), &[], &self.asked(cell, order)?, run)
    }

    /// What the guest of `cell` is asked for that carries out `order`.
    fn asked(&self, cell: ScenarioCell<'_>, order: &Order) -> Result<Asked> {
        let setting = self.setting(cell, self.custom.is_some())?;
        Ok(Asked { input: rendered(&setting)?, order: Some(rendered(order)?) })
    }

    fn with_guest_program<T>(
        &self,
        guest: &Guest<'_>,
        arguments: &[&str],
        asked: &Asked,
        run: impl FnOnce(&Program<'_>) -> Result<T>,
    ) -> Result<T> {
        let Guest { boots_as, words, modules, policies } = guest;
        let program = [PROGRAM].iter().chain(arguments).map(|word| word.to_string()).collect();
        let order = ProgramOrder { program, input: asked.input.clone(), budget: BUDGET };
        let mut files = vec![self.program.clone()];
        files.extend(self.files.iter().cloned());
        files.extend(policies.iter().cloned());
        if let Ok(kernel) = self.kernel(&boots_as.kernel) {
            files.extend(self.modules.files(modules, kernel, self.guests.cache())?);
        }
        run(&Program { boots_as, words, files: &files, order, later: asked.order.as_deref() })
    }
}

fn rendered(order: &impl Serialize) -> Result<String> {
    serde_json::to_string(order).context("failed to render the order")
}

/// What a program answered.
pub(super) fn understood<A: DeserializeOwned>(ran: Ran) -> Ended<A> {
    match ran {
        Ran::Unsupported(why) => Ended::Unsupported(why),
        Ran::Failed(failure) => Ended::Failed(failure),
        Ran::Answered(text) => match serde_json::from_str(&text) {
            Ok(answer) => Ended::Done(answer),
            Err(error) => Ended::protocol(format!("the guest's answer is not one of a scenario: {error}")),
        },
    }
}
