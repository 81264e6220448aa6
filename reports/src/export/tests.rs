//! The golden files of all exports, the requirements of their formats, and that hostile
//! text stays text in them.

use serde_json::Value;

use super::*;
use crate::hostile::{self, HOSTILE};
use crate::{fixture, text};

fn exported(name: &str) -> String {
    exported_run(name, &fixture::synthetic_run())
}

fn exported_run(name: &str, run: &Run) -> String {
    let export = EXPORTS.iter().find(|export| export.name == name).unwrap();
    (export.render)(run)
}

/// The entries of a file in which they are a list; each has a name.
fn entry<'e>(entries: &'e [Value], name: &str) -> &'e Value {
    entries.iter().find(|entry| entry["name"] == name).unwrap()
}

#[test]
fn each_export_matches_its_golden_file() {
    for export in EXPORTS {
        insta::assert_snapshot!(format!("export-{}", export.name), exported(export.name));
    }
}

#[test]
fn github_action_benchmark_gets_a_name_a_unit_and_a_number() {
    let entries: Vec<Value> = serde_json::from_str(&exported("github-action-benchmark")).unwrap();
    assert_eq!(entries.len(), fixture::synthetic_run().count("measured"));
    for entry in entries {
        let kinds = ["name", "unit", "range", "extra"].map(|field| entry[field].is_string());
        assert!(kinds.iter().all(|is| *is) && entry["value"].is_number(), "{entry}");
    }
}

#[test]
fn bencher_gets_what_its_schema_requires() {
    let benchmarks: serde_json::Map<String, Value> = serde_json::from_str(&exported("bencher")).unwrap();
    assert_eq!(benchmarks.len(), fixture::synthetic_run().count("measured"));
    for (name, measures) in &benchmarks {
        assert!(!name.is_empty() && name.chars().count() <= 1024);
        for (slug, metric) in measures.as_object().unwrap() {
            assert!(slug.len() <= 64 && slug.chars().all(|c| c.is_ascii_lowercase() || c == '-'), "{slug}");
            assert!(metric["value"].is_number(), "{metric}");
            let known = ["value", "lower_value", "upper_value"];
            assert!(metric.as_object().unwrap().keys().all(|key| known.contains(&key.as_str())));
        }
    }
}

const COUNT: &str = "6.1/tcg/execve-noop[env_pages=0 ld_preload=ignored]/paced/bpf-lsm+count";
const NONE: &str = "6.1/tcg/execve-noop[env_pages=0 ld_preload=ignored]/paced/none";

#[test]
fn the_value_of_a_cell_with_an_attribution_is_that_of_its_hook() {
    let run = fixture::attributed_run(&fixture::synthetic_run());
    let entries: Vec<Value> = serde_json::from_str(&exported_run("github-action-benchmark", &run)).unwrap();
    let hook = entry(&entries, &format!("{COUNT} (hook)"));
    assert_eq!((hook["value"].as_i64(), hook["range"].as_str()), (Some(444), Some("444 to 521")));
    let extra = hook["extra"].as_str().unwrap();
    for said in ["the same in 49 of 50 operations", "side effects: 0", "added to none: +444", "p50: 109,444"]
    {
        assert!(extra.contains(said), "{said}: {extra}");
    }
    // `none` has no hook.
    assert_eq!(entry(&entries, NONE)["value"], 109_000);
    let benchmarks: Value = serde_json::from_str(&exported_run("bencher", &run)).unwrap();
    let measures = &benchmarks[COUNT];
    let value = |slug: &str| measures[slug]["value"].as_i64();
    let slugs = ["hook-instructions", "side-effects-instructions", "instructions", "added-instructions"];
    assert_eq!(slugs.map(value), [Some(444), Some(0), Some(109_444), Some(444)]);
    assert_eq!(measures["hook-instructions"]["upper_value"], 521);
    assert!(benchmarks[NONE]["hook-instructions"].is_null());
    assert!(exported_run("junit", &run).contains("hook 444 instructions, the same in 49 of 50 operations"));
    let line = exported_run("ndjson", &run).lines().find(|line| line.contains(COUNT)).unwrap().to_string();
    let line: Value = serde_json::from_str(&line).unwrap();
    let fields = ["direct_p50", "direct_share", "avoided_p50", "indirect_p50", "interrupts_p50", "p50"];
    assert_eq!(fields.map(|field| line[field].as_f64().unwrap()), [444.0, 0.98, 0.0, -900.0, 3.0, 109_444.0]);
}

#[test]
fn each_cell_is_a_line_with_its_name() {
    let run = fixture::synthetic_run();
    let text = exported("ndjson");
    for (line, measurement) in text.lines().zip(&run.measurements) {
        let line: Value = serde_json::from_str(line).unwrap();
        assert_eq!(line["cell"], measurement.cell.to_string());
        assert_eq!(line["p50"].is_null(), measurement.measured().is_none());
    }
    assert_eq!(text.lines().count(), run.measurements.len());
}

#[test]
fn hostile_text_is_text_in_every_export() {
    for export in EXPORTS {
        let file = format!("export.{}", export.extension);
        let structure =
            |foreign: &str| hostile::structure(&file, &(export.render)(&hostile::hostile_run(foreign)));
        let tame = structure("tame words");
        for foreign in HOSTILE {
            assert_eq!(structure(foreign), tame, "{}: {foreign:?}", export.name);
            let content = (export.render)(&hostile::hostile_run(foreign));
            let wrong = content.chars().find(|&c| (c.is_control() && c != '\n') || text::is_unseen(c));
            assert_eq!(wrong, None, "{}: {foreign:?}", export.name);
        }
    }
}
