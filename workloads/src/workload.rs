//! What a workload is: its [`Info`], its ways, and what a monitor does to it. All that follows from these for the
//! parameters of a cell is computed here.

use std::io;

use hookbench_model::{Enforcement, Params};

use crate::denial::Denial;
use crate::effect::{Expected, Operations};
use crate::info::Info;
use crate::operation::Operation;
use crate::way::{PARAMETER, Way};

/// What is timed. An implementation is stateless; the state is in the [`Operation`]s of its ways.
pub trait Workload: Sync {
    /// Its name, its parameters and what it is.
    fn info(&self) -> &Info;

    /// The ways to make its operation. If there are several, the parameter `way` chooses one.
    fn ways(&self) -> &[&dyn Way];

    /// What a monitor with this `enforcement` does to it; `None` if all operations pass.
    fn denial(&self, params: &Params, enforcement: Enforcement) -> Option<Denial>;

    /// What is timed instead if operations are stopped like this, in words for a report; `None` if it is the same
    /// as under `none`.
    fn timed_otherwise(&self, _: Denial) -> Option<&'static str> {
        None
    }

    /// Why its operations cannot be measured under a monitor with this `enforcement`; `None` if they can.
    fn unable(&self, _: &Params, _: Enforcement) -> Option<&'static str> {
        None
    }

    /// The module that its operations load: one of the kernel's own package.
    fn module(&self) -> Option<&'static str> {
        None
    }
}

impl dyn Workload + '_ {
    /// The way that `params` choose; `None` if there is no such way.
    pub fn way(&self, params: &Params) -> Option<&dyn Way> {
        match (params.get(PARAMETER), self.ways()) {
            (None, [only]) => Some(*only),
            (Some(name), ways) => ways.iter().find(|way| way.facts().name == name).copied(),
            _ => None,
        }
    }

    /// Sets up for operations with `params`; see [`Way::prepare`].
    ///
    /// # Errors
    /// When there is no such way, or the process cannot be set up for it.
    pub fn prepare(&self, params: &Params, enforcement: Enforcement) -> io::Result<Box<dyn Operation>> {
        match self.way(params) {
            Some(way) => way.prepare(params, enforcement),
            None => Err(io::Error::other(format!("{} has no way [{params}]", self.info().name))),
        }
    }

    /// How many operations are made before the timed ones if `asked` are asked for: some monitors stop only later
    /// ones.
    pub fn warmup(&self, params: &Params, enforcement: Enforcement, asked: u32) -> u32 {
        asked.max(self.denial(params, enforcement).map_or(0, |denial| denial.after_operations))
    }

    /// What `operations` with `params` have to do under a monitor with this `enforcement`. Nothing is expected of
    /// a way that does not exist: it cannot be prepared.
    pub fn expected(&self, params: &Params, enforcement: Enforcement, operations: u64) -> Expected {
        let Some(way) = self.way(params) else {
            return Expected { events: 0, at_least: false, effect: None };
        };
        let (facts, denial) = (way.facts(), self.denial(params, enforcement));
        let passed = denial.map_or(operations, |denial| operations.min(denial.after_operations.into()));
        let kills = denial.is_some_and(Denial::kills);
        let effect = || way.effect(params, Operations { made: operations, passed });
        Expected {
            events: operations * facts.events + facts.events_at_end,
            at_least: facts.at_least,
            effect: (!kills).then(effect),
        }
    }
}
