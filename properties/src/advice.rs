//! The advice that follows from a run.

use hookbench_analysis::advice::{self, Advice, Covered, Evidence, Goal, OfMonitors, OfPrices, Question};
use hookbench_reports::{advice as reports, columns, terminal};
use hookbench_results::Run;

/// Each way that works is seen or stopped by what the advice recommends, and nothing foreign is markup. No line but a
/// command is wider than the terminal.
pub(crate) fn is_sound(run: &Run) {
    let runs = std::slice::from_ref(run);
    for (watch, deny) in [(true, false), (false, true), (true, true)] {
        let goal = |scenario| Goal { scenario, watch, deny };
        let goals = advice::scenarios(runs).into_iter().map(goal).collect();
        let question = Question { kernels: advice::kernels(runs), goals, max_cost: None };
        let advice =
            Advice::new(question, &Evidence::new(runs), &[&OfPrices::new(runs), &OfMonitors::new(runs)]);
        for answer in &advice.answers {
            let has_all = |covered: &Option<Covered>| {
                let ways = covered.as_ref().map(|covered| &covered.ways);
                ways.is_some_and(|ways| answer.works.iter().all(|way| ways.contains(way)))
            };
            for best in &answer.qualifying {
                assert!((!watch || has_all(&best.sees)) && (!deny || has_all(&best.stops)), "{best:?}");
            }
        }
        for text in [reports::text(&advice), reports::markdown(&advice)] {
            assert!(!text.contains(|c: char| c.is_control() && c != '\n') && !text.contains("<b>"), "{text}");
        }
        for line in reports::text(&advice).lines().filter(|line| !line.starts_with("  hookbench ")) {
            assert!(columns::width(line) <= terminal::WIDTH, "{line:?}");
        }
    }
}
