//! The golden files of a run of scenarios with each kind of verdict, and that hostile text stays text in them.

use hookbench_analysis::Comparison;
use hookbench_analysis::compare::BaseAndNew;
use hookbench_analysis::gate::{Gate, GateRules};
use hookbench_results::Run;

use super::*;
use crate::compare::{ComparisonReport, FORMATS};
use crate::{Explanations, RENDERERS, columns, fixture};

#[test]
fn each_format_matches_its_golden_file() {
    let run = fixture::scenario_run();
    for renderer in RENDERERS {
        if let Some(content) = (renderer.render)(&run, &Explanations::new()).unwrap() {
            insta::assert_snapshot!(renderer.file, content);
        }
    }
    insta::assert_snapshot!("terminal", terminal::tables(&run));
    let pages = evidence::pages(&run);
    let (_, page) = pages.iter().find(|(name, _)| name == "evidence/6.1.userns.html").unwrap();
    insta::assert_snapshot!("evidence", page);
}

#[test]
fn the_guest_s_text_is_no_markup() {
    let run = fixture::scenario_run();
    let mut texts: Vec<String> =
        RENDERERS.iter().filter_map(|r| (r.render)(&run, &Explanations::new()).unwrap()).collect();
    assert!(texts.iter().all(|text| !text.contains('\u{1b}')));
    texts.retain(|text| text.starts_with("<!DOCTYPE"));
    texts.extend(evidence::pages(&run).into_iter().map(|(_, page)| page));
    for text in texts {
        assert!(!text.contains("<b>") && !text.contains("alert(1)</script>") && !text.contains('\u{1b}'));
    }
}

#[test]
fn each_link_of_the_page_leads_to_its_evidence() {
    let run = fixture::scenario_run();
    let pages = evidence::pages(&run);
    let html = html::render(&run);
    let links: Vec<&str> =
        html.split("href=\"evidence/").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    assert!(links.len() > 100, "{}", links.len());
    for link in links {
        let (file, place) = link.split_once('#').unwrap();
        let page = pages.iter().find(|(name, _)| *name == format!("evidence/{file}"));
        assert!(page.is_some_and(|(_, page)| page.contains(&format!("id=\"{place}\""))), "{link}");
    }
}

#[test]
fn the_command_of_a_cell_is_quoted_for_the_shell() {
    let mut run = fixture::scenario_run();
    let cell = ScenarioCell {
        kernel: "my kernels/vm'linux".into(),
        scenario: "userns".into(),
        policy: "bpf-lsm+deny[complete]".into(),
        outcome: ScenarioOutcome::Unsupported(String::new()),
    };
    assert_eq!(
        command(&run, &cell, Some("clone3")),
        "hookbench scenario run --kernel 'my kernels/vm'\\''linux' --scenario userns --policy \
         'bpf-lsm+deny[complete]' --way clone3"
    );
    let custom = serde_json::json!({
        "name": "cmd:x", "about": "", "allowed": true,
        "custom": {"command": ["./x", "a b"], "effect": "exit:0", "user": 0, "bring": ["lib.so"]}
    });
    run.environment.scenarios[0].ways.push(serde_json::from_value(custom).unwrap());
    assert!(
        command(&run, &cell, None)
            .ends_with(" --way 'cmd:./x '\\''a b'\\''' --effect exit:0 --as 0 --bring lib.so --allowed"),
        "{}",
        command(&run, &cell, None)
    );
}

#[test]
fn a_long_name_is_narrowed_to_the_terminal() {
    let mut run = fixture::scenario_run();
    run.scenarios[0].scenario = "監視".repeat(200);
    for line in terminal::tables(&run).lines() {
        assert!(columns::width(line) <= crate::terminal::WIDTH, "{line}");
    }
}

/// The same run in which a way is no longer seen, another is stopped, and a cell failed.
fn changed() -> Run {
    let mut run = fixture::scenario_run();
    for cell in &mut run.scenarios {
        let name = cell.to_string();
        let ScenarioOutcome::Tried(tried) = &mut cell.outcome else { continue };
        match &*name {
            "6.1/userns/tracepoint+watch" => tried.ways[0].records.clear(),
            "6.1/userns/bpf-lsm+kill" => tried.ways[1].effect = hookbench_scenarios::Effect::NotReached,
            "7.3/userns/bpf-lsm+deny" => cell.outcome = ScenarioOutcome::Unsupported("no BTF".into()),
            _ => {}
        }
    }
    run
}

#[test]
fn a_gate_lists_the_ways_in_all_formats() {
    let (base, new) = (fixture::scenario_run(), changed());
    let comparison = Comparison::new(&base, &new);
    let rules = GateRules { limits: Vec::new(), allow: vec!["7.3/*".parse().unwrap()] };
    let gate = Gate::judge(&comparison, &rules).unwrap();
    assert!(!gate.is_open() && gate.unmatched.is_empty());
    let names = BaseAndNew { base: "a", new: "b" };
    let report =
        ComparisonReport { names, comparison: &comparison, gate: Some(&gate), all: false, most: None };
    insta::assert_snapshot!("gate", (FORMATS[0].render)(&report));
    for format in FORMATS {
        let text = (format.render)(&report);
        assert!(text.contains("6.1/userns/tracepoint+watch"), "{}", format.name);
    }
    let rest = ComparisonReport { gate: None, ..report };
    insta::assert_snapshot!("compare", (FORMATS[0].render)(&rest));
}
