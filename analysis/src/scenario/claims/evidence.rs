//! The stored results that claims are tested with: a run with scenarios, and what the experiments with races,
//! mitigation, privilege and reaction printed as JSON.

use hookbench_results::Run;
use hookbench_scenarios::exchange::{Mitigated, PrivilegeTry};
use hookbench_scenarios::race::RaceAnswer;
use hookbench_scenarios::react::{Caller, Reacted, Summary};
use serde::Deserialize;

use super::outcome::{Outcome, Standing};
use crate::scenario::{CellVerdicts, Coverage, Verdicts};

/// What the experiments printed.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Experiments {
    /// `hookbench scenario race --json`.
    #[serde(default)]
    pub races: Vec<RaceResult>,
    /// `hookbench scenario mitigate --json`.
    #[serde(default)]
    pub mitigations: Vec<PolicyResult<Mitigated>>,
    /// `hookbench scenario privilege --json`.
    #[serde(default)]
    pub privileges: Vec<PolicyResult<Vec<PrivilegeTry>>>,
    /// `hookbench scenario react --json`.
    #[serde(default)]
    pub reactions: Vec<ReactionResult>,
}

/// What a race came to.
#[derive(Debug, Clone, Deserialize)]
pub struct RaceResult {
    kernel: String,
    race: RaceName,
    found: Option<RaceAnswer>,
}

/// Which race it was.
#[derive(Debug, Clone, Deserialize)]
struct RaceName {
    watcher: String,
    call: String,
}

/// What an experiment with a policy found.
#[derive(Debug, Clone, Deserialize)]
pub struct PolicyResult<T> {
    pub(super) kernel: String,
    pub(super) policy: String,
    pub(super) found: Option<T>,
}

/// How a chain reacted.
#[derive(Debug, Clone, Deserialize)]
pub struct ReactionResult {
    kernel: String,
    chain: String,
    found: Option<Reacted>,
}

/// What claims are tested with.
#[derive(Debug)]
pub struct Evidence<'r> {
    verdicts: Verdicts<'r>,
    kernels: Vec<&'r str>,
    pub(super) experiments: Experiments,
}

impl<'r> Evidence<'r> {
    /// The evidence in `run` and in what experiments printed.
    pub fn new(run: &'r Run, experiments: Experiments) -> Evidence<'r> {
        let mut kernels: Vec<&str> = run.scenarios.iter().map(|cell| &*cell.kernel).collect();
        kernels.dedup();
        Evidence { verdicts: Verdicts::new(run), kernels, experiments }
    }

    /// Asks `test` about each kernel, and sums up: whether the claim holds there, and a sentence.
    pub(super) fn on_each_kernel(&self, test: impl Fn(&str) -> Option<(bool, String)>) -> Outcome {
        let told: Vec<(&str, bool, String)> = self
            .kernels
            .iter()
            .filter_map(|kernel| test(kernel).map(|(holds, said)| (*kernel, holds, said)))
            .collect();
        if told.is_empty() {
            return Outcome::not_measured();
        }
        let (good, bad): (Vec<_>, Vec<_>) = told.iter().partition(|(_, holds, _)| *holds);
        let standing = match (good.is_empty(), bad.is_empty()) {
            (false, true) => Standing::Agrees,
            (true, _) => Standing::Disagrees,
            (false, false) => Standing::InPart,
        };
        Outcome { standing, found: same_sentences(&told), cells: Vec::new() }
    }

    /// The verdicts on a cell.
    pub(super) fn cell(&self, kernel: &str, scenario: &str, policy: &str) -> Option<&CellVerdicts<'r>> {
        self.verdicts.find(kernel, scenario, policy)
    }

    /// How many ways a policy sees or stops: what it is for. `None` if no way works on this kernel, for example because
    /// the mirror no longer has its modules: that tests nothing.
    pub(super) fn covers(&self, kernel: &str, scenario: &str, policy: &str) -> Option<Coverage<'r>> {
        self.cell(kernel, scenario, policy)?.main_coverage().filter(|coverage| coverage.works > 0)
    }

    /// How often the records of `watcher` lied in a sweep of `call`, and the width of the window in instructions.
    pub(super) fn lies(&self, kernel: &str, watcher: &str, call: &str) -> Option<(u64, Option<u64>)> {
        let name = (kernel, watcher, call);
        let is_it =
            |result: &&RaceResult| (&*result.kernel, &*result.race.watcher, &*result.race.call) == name;
        let mut found =
            self.experiments.races.iter().filter(is_it).filter_map(|result| result.found.as_ref());
        found.find_map(|found| match found {
            RaceAnswer::Swept(swept) => {
                let width = swept.width.as_ref().map(|width| width.last.abs_diff(width.first));
                Some((swept.count.lies, width))
            }
            _ => None,
        })
    }

    /// How the chains reacted on `kernel` when `caller` tried: names and numbers.
    pub(super) fn reactions(&self, kernel: &str, caller: Caller) -> Vec<(&str, Summary)> {
        let on_it = self.experiments.reactions.iter().filter(|result| result.kernel == kernel);
        on_it.filter_map(|result| Some((&*result.chain, result.found.as_ref()?.summary(caller)?))).collect()
    }

    /// The kernels of the run.
    pub(super) fn kernels(&self) -> &[&'r str] {
        &self.kernels
    }
}

/// The sentences, each once, with the kernels on which it is true.
fn same_sentences(told: &[(&str, bool, String)]) -> Vec<String> {
    let mut sentences: Vec<(&str, Vec<&str>)> = Vec::new();
    for (kernel, _, said) in told {
        match sentences.iter_mut().find(|(known, _)| known == said) {
            Some((_, kernels)) => kernels.push(kernel),
            None => sentences.push((said, vec![kernel])),
        }
    }
    let on = |kernels: &[&str]| kernels.join(", ");
    sentences.into_iter().map(|(said, kernels)| format!("On {}: {said}", on(&kernels))).collect()
}
