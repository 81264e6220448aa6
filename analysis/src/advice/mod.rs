//! Advice: which policies see or stop all ways of scenarios, what each other one misses, and what they cost. All of it
//! follows from stored runs, and each part names its cells. How advice is shown is the business of the crate `reports`.

use hookbench_results::Run;
use serde::Serialize;

mod answer;
mod candidate;
mod cost;
mod evidence;
mod file;
mod monitors;
mod pair;
mod prices;
mod question;
mod reason;
#[cfg(test)]
mod tests;

pub use answer::Answer;
pub use candidate::{Candidate, Covered};
pub use cost::{Cost, CostOf, CostSource, Fit, MaxCost, NotACost};
pub use evidence::Evidence;
pub use file::File;
pub use monitors::OfMonitors;
pub use pair::Pair;
pub use prices::OfPrices;
pub use question::{Goal, Question};
pub use reason::Reason;

/// The version of the format that advice is serialised in.
pub const SCHEMA: u32 = 1;

/// The answers to a question.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Advice {
    /// The version of this format.
    pub schema: u32,
    /// The question.
    pub question: Question,
    /// The answers: each goal on each kernel.
    pub answers: Vec<Answer>,
    /// The mechanisms of which a policy qualifies in each answer, if there are several answers.
    pub everywhere: Vec<Everywhere>,
}

/// A mechanism of which a policy qualifies in each answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Everywhere {
    /// The mechanism: `bpf-lsm`.
    pub mechanism: String,
    /// The cells of its best policy in each answer, in the order of the answers.
    pub cells: Vec<String>,
}

impl Advice {
    /// Answers `question` from `evidence`. The first source that knows a cost counts.
    pub fn new(question: Question, evidence: &Evidence<'_>, costs: &[&dyn CostSource]) -> Advice {
        let max_cost = question.max_cost.as_ref();
        let answers: Vec<Answer> = question
            .kernels
            .iter()
            .flat_map(|kernel| question.goals.iter().map(move |goal| (kernel, goal)))
            .map(|(kernel, goal)| Answer::new(kernel, goal, evidence, costs, max_cost))
            .collect();
        let everywhere = everywhere(&answers);
        Advice { schema: SCHEMA, question, answers, everywhere }
    }

    /// Whether each goal is reached on each kernel: by a policy, or by two.
    pub fn is_met(&self) -> bool {
        self.answers.iter().all(Answer::is_met)
    }
}

/// The part of a policy's name before the `+`.
fn mechanism(policy: &str) -> &str {
    policy.split_once('+').map_or(policy, |(mechanism, _)| mechanism)
}

fn everywhere(answers: &[Answer]) -> Vec<Everywhere> {
    let [first, _, ..] = answers else { return Vec::new() };
    let mut found: Vec<Everywhere> = Vec::new();
    for candidate in &first.qualifying {
        let mechanism = mechanism(&candidate.policy);
        if found.iter().any(|known| known.mechanism == mechanism) {
            continue;
        }
        let best = |answer: &Answer| {
            let mut of_mechanism =
                answer.qualifying.iter().filter(|one| self::mechanism(&one.policy) == mechanism);
            of_mechanism.next().map(|one| one.cell.clone())
        };
        if let Some(cells) = answers.iter().map(best).collect() {
            found.push(Everywhere { mechanism: mechanism.into(), cells });
        }
    }
    found
}

/// The kernels of the cells of scenarios in `runs`, in their order.
pub fn kernels(runs: &[Run]) -> Vec<String> {
    names(runs, |cell| &cell.kernel)
}

/// The scenarios of the cells in `runs`, in their order.
pub fn scenarios(runs: &[Run]) -> Vec<String> {
    names(runs, |cell| &cell.scenario)
}

fn names(runs: &[Run], of: fn(&hookbench_results::ScenarioCell) -> &String) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for name in runs.iter().flat_map(|run| &run.scenarios).map(of) {
        if !names.contains(name) {
            names.push(name.clone());
        }
    }
    names
}
