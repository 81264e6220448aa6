//! Cells of scenarios in copies of a machine that has rehearsed their ways: the outcomes are those of guests that rehearse
//! for themselves, whatever ran before. (What dies is replaced: `killed_scenarios.rs`.)

use hookbench::scenario::{Outcome, ScenarioCell, ScenarioSession};
use hookbench::session::guests::ExactOptions;
use hookbench_model::History;
use hookbench_scenarios::find;

use common::cells::{LONG, session_of};

mod common;

/// Policies of all kinds of mechanisms, and scenarios whose ways leave much behind. The guests of the first three cells are
/// copies of one machine. The last has files of its own, and does not rehearse.
const CELLS: &[(&str, &str)] = &[
    ("userns", "bpf-lsm+deny"),
    ("userns", "kprobe+watch"),
    ("userns", "none"),
    ("exec", "tracepoint+kill[complete]"),
    ("exec", "ima+watch"),
    ("hidden-module", "fentry+watch"),
    ("module", "sysctl+deny"),
    ("mount", "kprobe+watch"),
    ("evidence", "audit+watch[complete]"),
    ("tamper", "bpf-lsm+watch"),
    ("tamper", "audit+kill"),
    ("self-delete", "fanotify+deny"),
    ("userns", "apparmor+deny"),
];

fn session(history: History) -> ScenarioSession {
    let options = ExactOptions { budget: LONG, guests: Some(history), ..ExactOptions::default() };
    ScenarioSession::new(session_of("6.1", options))
}

fn outcome(session: &ScenarioSession, (scenario, policy): (&str, &str)) -> Outcome {
    let (scenario, policy) = (find(scenario).unwrap(), policy.parse().unwrap());
    let outcome = session.run(ScenarioCell { kernel: "6.1", scenario, policy }, &[]);
    assert!(!matches!(outcome, Outcome::Failed(_)), "{outcome:?}");
    outcome
}

#[test]
fn copies_find_out_and_cost_the_same_as_restored_guests_in_any_order() {
    let (forward, backward, restored) =
        (session(History::Forked), session(History::Forked), session(History::Restored));
    let found: Vec<Outcome> = CELLS.iter().map(|&cell| outcome(&forward, cell)).collect();
    assert!(found.iter().any(|outcome| matches!(outcome, Outcome::Done(tried) if !tried.prices.is_empty())));
    for (&cell, found) in CELLS.iter().zip(&found).rev() {
        assert_eq!(outcome(&backward, cell), *found, "{cell:?}");
        assert_eq!(outcome(&restored, cell), *found, "{cell:?}");
    }
}
