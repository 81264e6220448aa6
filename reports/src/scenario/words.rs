//! The sentences that all formats share.

use hookbench_analysis::scenario::Nobody;
use hookbench_results::Run;
use hookbench_results::described::ScenarioRecord;

use super::View;
use crate::text::{count, one_line};

/// What the verdicts mean.
pub(super) const MEANINGS: [(&str, &str); 14] = [
    ("seen", "the policy wrote a record of the way"),
    ("blank", "it wrote a record that lacks the object, for example an empty path"),
    ("wrong object", "its record names another object than the kernel used"),
    ("wrong name", "its record names another call than was made, which is worse than a miss"),
    ("missed", "it wrote no record"),
    ("denied", "the kernel refused the call with this error, and the effect is not there"),
    ("stopped", "the effect is not there, and the way saw no error of its decisive call"),
    ("killed", "the way was killed before its effect"),
    ("killed after", "the way was killed, and its effect is there all the same"),
    ("not stopped", "the effect is there"),
    ("fine, false alarm, broken", "an allowed neighbour works; it works and is recorded; it no longer works"),
    (
        "false alarm, wrong name",
        "an allowed neighbour works, and the policy recorded another call than it made",
    ),
    (
        "does not work here",
        "the way has no effect on this kernel even when nothing watches, so it counts for nobody",
    ),
    (
        "invalid",
        "nothing can be said: the way did not behave as it must, or the check of its effect is broken",
    ),
];

/// What the numbers of the matrix are.
pub(super) const MATRIX: &str = "A policy that watches has the ways that it sees, and a policy that denies or kills \
    the ways that it stops before their effect, of the ways that work on the kernel. Whether a way reached its goal \
    follows from its effect, not from return codes.";

/// What the run tried, in a sentence.
pub(super) fn counts(view: &View<'_>) -> String {
    let ways: usize = view.scenarios.iter().map(|scenario| view.ways(scenario).len()).sum();
    let by_word = |run: &Run, word| run.scenarios.iter().filter(|cell| cell.outcome.word() == word).count();
    let mut text = format!(
        "{} in {} under {} on {}: {}",
        count(ways, "way"),
        count(view.scenarios.len(), "scenario"),
        if view.policies.len() == 1 {
            "1 policy".into()
        } else {
            format!("{} policies", view.policies.len())
        },
        count(view.kernels.len(), "kernel"),
        count(view.run.scenarios.len(), "cell"),
    );
    for word in ["unsupported", "failed"] {
        match by_word(view.run, word) {
            0 => {}
            number => text += &format!(", {number} {word}"),
        }
    }
    text + "."
}

/// What `scenario` is about, and what shows that its goal was reached; empty if the run does not say.
pub(super) fn about(view: &View<'_>, scenario: &str) -> String {
    let sentence = |record: &ScenarioRecord| {
        let mut about = one_line(&record.about);
        if let Some(first) = about.get_mut(..1) {
            first.make_ascii_uppercase();
        }
        format!("{about}. The effect: {}.", one_line(&record.effect))
    };
    view.described(scenario).map_or_else(String::new, sentence)
}

/// On which kernels a way has no policy: `on 6.1 and 7.3`, `everywhere`.
pub(super) fn kernels(nobody: &Nobody<'_>) -> String {
    if nobody.kernels.len() == nobody.of {
        return if nobody.of == 1 {
            format!("on {}", one_line(nobody.kernels[0]))
        } else {
            "everywhere".into()
        };
    }
    format!("on {}, of {}", list(&nobody.kernels), count(nobody.of, "kernel"))
}

/// Names with commas.
pub(super) fn list(names: &[&str]) -> String {
    one_line(&names.join(", "))
}
