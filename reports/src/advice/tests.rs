//! The golden files of advice from the run of scenarios with each kind of verdict.

use hookbench_analysis::advice::{self, Cost, CostOf, CostSource, Evidence, Goal, Question};

use hookbench_results::ScenarioOutcome;

use super::*;
use crate::{columns, fixture, terminal};

/// Costs of two policies.
struct Costs;

impl CostSource for Costs {
    fn costs(&self, kernel: &str, _: &str, policy: &str) -> Vec<Cost> {
        let cell = format!("{kernel}/tcg/unshare-burst[as=root]/paced/x");
        let cost = Cost::new(360, 25_000, CostOf::Monitor, [cell]);
        match policy {
            "bpf-lsm+deny" => vec![Cost { side_effects: Some(-12), ..cost }],
            "bpf-lsm+kill" => vec![Cost { at_least: true, of: CostOf::Policy, ..cost }],
            _ => Vec::new(),
        }
    }
}

/// The advice on `userns` on the kernels of the run.
fn advice(watch: bool, deny: bool, max_cost: Option<&str>) -> Advice {
    let runs = [fixture::scenario_run()];
    let goals = vec![Goal { scenario: "userns".into(), watch, deny }];
    let max_cost = max_cost.map(|text| text.parse().unwrap());
    let question = Question { kernels: advice::kernels(&runs), goals, max_cost };
    Advice::new(question, &Evidence::new(&runs), &[&Costs])
}

#[test]
fn each_format_matches_its_golden_file() {
    insta::assert_snapshot!("watch", text(&advice(true, false, None)));
    insta::assert_snapshot!("deny", text(&advice(false, true, Some("2%"))));
    insta::assert_snapshot!("watch-and-deny", text(&advice(true, true, None)));
    insta::assert_snapshot!("deny.md", markdown(&advice(false, true, Some("2%"))));
    insta::assert_snapshot!("watch-and-deny.json", json(&advice(true, true, Some("500"))));
}

#[test]
fn two_policies_that_reach_the_goal_together_are_shown_with_their_files() {
    let mut run = fixture::scenario_run();
    for cell in &mut run.scenarios {
        // What the textbook policy sees, the complete one no longer does.
        let is_complete = cell.to_string() == "7.3/userns/tracepoint+watch[complete]";
        if let ScenarioOutcome::Tried(tried) = &mut cell.outcome
            && is_complete
        {
            tried.ways[0].records.clear();
        }
    }
    let goals = vec![Goal { scenario: "userns".into(), watch: true, deny: false }];
    let question = Question { kernels: vec!["7.3".into()], goals, max_cost: None };
    let runs = [run];
    insta::assert_snapshot!("pair", text(&Advice::new(question, &Evidence::new(&runs), &[&Costs])));
}

#[test]
fn the_guest_s_text_is_no_markup_and_no_line_is_wider_than_the_terminal() {
    for (watch, deny) in [(true, false), (false, true), (true, true)] {
        let advice = advice(watch, deny, None);
        let (text, markdown) = (text(&advice), markdown(&advice));
        assert!(!text.contains('\u{1b}') && !markdown.contains('\u{1b}') && !markdown.contains("<b>"));
        // Commands are not wrapped.
        for line in text.lines().filter(|line| !line.starts_with("  hookbench")) {
            assert!(columns::width(line) <= terminal::WIDTH, "{line}");
        }
    }
}
