//! The golden files of all formats, and that hostile text stays text in them.

use hookbench_analysis::Comparison;
use hookbench_analysis::compare::BaseAndNew;
use hookbench_analysis::gate::{Gate, GateRules};
use hookbench_model::Outcome;
use hookbench_results::Run;

use super::*;
use crate::hostile::{self, HOSTILE};
use crate::{fixture, text};

fn rendered(base: &Run, new: &Run, rules: Option<&GateRules>, format: &ComparisonFormat) -> String {
    let comparison = Comparison::new(base, new);
    let gate = rules.map(|rules| Gate::judge(&comparison, rules).unwrap());
    let names = BaseAndNew { base: "baseline:main", new: "runs/quick-2" };
    (format.render)(&ComparisonReport {
        names,
        comparison: &comparison,
        gate: gate.as_ref(),
        all: false,
        most: None,
    })
}

fn rules() -> GateRules {
    GateRules {
        limits: vec!["*/execve-noop*=0.005%".parse().unwrap()],
        allow: vec!["bpf-lsm+deny".parse().unwrap(), "no*such".parse().unwrap()],
    }
}

#[test]
fn each_format_matches_its_golden_file() {
    let base = fixture::synthetic_run();
    let new = fixture::remeasured_run(&base);
    for format in FORMATS {
        insta::assert_snapshot!(
            format!("gate-{}", format.file),
            rendered(&base, &new, Some(&rules()), format)
        );
    }
    insta::assert_snapshot!("compare-text", rendered(&base, &new, None, &FORMATS[0]));
    insta::assert_snapshot!("compare-same", rendered(&base, &base, Some(&GateRules::default()), &FORMATS[0]));
}

#[test]
fn omitted_lines_are_counted() {
    let base = fixture::synthetic_run();
    let comparison = Comparison::new(&base, &fixture::remeasured_run(&base));
    let names = BaseAndNew { base: "a", new: "b" };
    let report = ComparisonReport { names, comparison: &comparison, gate: None, all: true, most: Some(2) };
    for format in FORMATS.iter().filter(|format| ["text", "markdown", "html"].contains(&format.name)) {
        let text = (format.render)(&report);
        let left = comparison.numbers.len() - 2;
        assert!(text.contains(&format!("and {left} more")), "{}: {text}", format.name);
    }
}

/// A run in which all foreign text is `foreign`, and the same with small changes.
fn hostile(foreign: &str) -> (Run, Run) {
    let base = hostile::hostile_run(foreign);
    let mut new = base.clone();
    for measurement in &mut new.measurements {
        match &mut measurement.outcome {
            Outcome::Measured(measured) => measured.samples[0] += 1,
            Outcome::Unsupported(_) => measurement.outcome = Outcome::Skipped(foreign.into()),
            _ => {}
        }
    }
    new.environment.qemu = format!("{foreign} 2");
    new.measurements.pop();
    (base, new)
}

#[test]
fn hostile_text_is_text_in_every_format() {
    for format in FORMATS {
        let render = |foreign: &str| {
            let (base, new) = hostile(foreign);
            let comparison = Comparison::new(&base, &new);
            let gate = Gate::judge(&comparison, &GateRules::default()).unwrap();
            let names = BaseAndNew { base: foreign, new: foreign };
            (format.render)(&ComparisonReport {
                names,
                comparison: &comparison,
                gate: Some(&gate),
                all: true,
                most: None,
            })
        };
        // Some formats sort cells by name, and other names have another order.
        let structure = |content: &str| {
            let mut structure = hostile::structure(format.file, content);
            structure.sort_unstable();
            structure
        };
        let tame = structure(&render("tame words"));
        for foreign in HOSTILE {
            let content = render(foreign);
            assert_eq!(structure(&content), tame, "{}: {foreign:?}", format.file);
            let wrong = content.chars().find(|&c| (c.is_control() && c != '\n') || text::is_unseen(c));
            // JSON keeps foreign text as it is and escapes control characters.
            assert!(
                wrong.is_none_or(|c| format.name == "json" && !c.is_ascii()),
                "{}: {wrong:?}",
                format.file
            );
        }
    }
}

#[test]
fn junit_has_a_test_for_each_cell() {
    let base = fixture::synthetic_run();
    let new = fixture::remeasured_run(&base);
    let xml = rendered(&base, &new, Some(&rules()), FORMATS.last().unwrap());
    let document = roxmltree::Document::parse(&xml).unwrap();
    let count = |tag: &str| document.descendants().filter(|node| node.has_tag_name(tag)).count();
    assert_eq!(count("testcase"), base.measurements.len() + 1);
    let comparison = Comparison::new(&base, &new);
    let gate = Gate::judge(&comparison, &rules()).unwrap();
    let failed: std::collections::BTreeSet<_> = gate
        .of_kind(hookbench_analysis::gate::VerdictKind::Regression)
        .map(|verdict| verdict.cell.to_string())
        .collect();
    assert_eq!(count("failure"), failed.len());
    assert_eq!(document.root_element().attribute("failures"), Some(&*failed.len().to_string()));
}

#[test]
fn hooks_and_side_effects_match_their_golden_files() {
    let base = fixture::attributed_run(&fixture::synthetic_run());
    let new = fixture::moved_run(&base);
    for format in FORMATS {
        let name = format!("hooks-{}", format.file);
        insta::assert_snapshot!(name, rendered(&base, &new, Some(&GateRules::default()), format));
    }
    insta::assert_snapshot!("hooks-compare-text", rendered(&base, &new, None, &FORMATS[0]));
    // The base is from before hookbench attributed costs.
    let old = fixture::synthetic_run();
    insta::assert_snapshot!("hooks-old-base", rendered(&old, &new, Some(&GateRules::default()), &FORMATS[0]));
}

#[test]
fn a_new_agent_gives_a_brief_list_of_side_effects() {
    let base = fixture::attributed_run(&fixture::synthetic_run());
    let mut new = base.clone();
    let measured = new.measurements.iter_mut().filter_map(|measurement| match &mut measurement.outcome {
        Outcome::Measured(measured) if measured.attribution.is_some() => Some(measured),
        _ => None,
    });
    measured.for_each(|measured| measured.samples.iter_mut().for_each(|sample| *sample += 31));
    for format in FORMATS.iter().filter(|format| ["text", "markdown", "html"].contains(&format.name)) {
        let text = rendered(&base, &new, Some(&GateRules::default()), format);
        for part in ["No regression", "Only side effects changed: 36 cells", "and 26 more"] {
            assert!(text.contains(part), "{}: {part}: {text}", format.name);
        }
    }
}
