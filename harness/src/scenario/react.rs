//! How fast chains react: a guest for each.

use anyhow::Result;
use hookbench_scenarios::exchange::Answer;
use hookbench_scenarios::react::{Chain, REACT, ReactOrder, Reacted};

use super::ScenarioSession;
use super::cell::{Ended, cell_for};
use super::session::Guest;

impl ScenarioSession {
    /// Times `chain` on `kernel`.
    pub fn react(&self, kernel: &str, chain: Chain) -> Ended<Reacted> {
        let asked = self.try_react(kernel, chain);
        asked.map_or_else(|error| Ended::prevented(&error), Ended::flatten)
    }

    fn try_react(&self, kernel: &str, chain: Chain) -> Result<Ended<Answer<Reacted>>> {
        let boots_as = cell_for(kernel, chain.boots_as())?;
        let guest = Guest { boots_as: &boots_as, words: &[], modules: &[], policies: &[] };
        self.ask_guest(&guest, &[REACT], &ReactOrder { chain })
    }
}
