//! The golden files of all exports, the requirements of their formats, and that hostile
//! text stays text in them.

use serde_json::Value;

use super::*;
use crate::hostile::{self, HOSTILE};
use crate::{fixture, text};

fn exported(name: &str) -> String {
    let export = EXPORTS.iter().find(|export| export.name == name).unwrap();
    (export.render)(&fixture::synthetic_run())
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
