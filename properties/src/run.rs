//! The description of a run, `run.json`, and the reports that are rendered from it.

use hookbench_model::Outcome;
use hookbench_reports::{Explanations, RENDERERS, columns, comment, csv, terminal};
use hookbench_results::{Run, samples};

use hookbench_reports::scenario as reports;

use crate::{advice, memory, scenario};

/// A run that is written and read again is the same. Each report of it is valid in its
/// format.
pub fn holds(bytes: &[u8]) {
    let room = 64 * bytes.len() + (64 << 10);
    let Ok(run) = memory::within(room, || serde_json::from_slice::<Run>(bytes)) else { return };
    let json = serde_json::to_vec(&run).expect("JSON");
    assert_eq!(serde_json::from_slice::<Run>(&json).expect("what was written is read"), run);
    survives_the_store(&run);
    for renderer in RENDERERS {
        let Some(text) = (renderer.render)(&run, &Explanations::new()).expect("pictures are drawn") else {
            continue;
        };
        assert_eq!((renderer.render)(&run, &Explanations::new()).as_ref(), Ok(&Some(text.clone())));
        assert!(!text.contains(|c: char| c.is_control() && c != '\n'), "{}: {text:?}", renderer.file);
        match renderer.file {
            "results.csv" => is_table(&run, &text),
            "scenarios.csv" => scenario::is_table(&run, &text),
            "report.md" => has_whole_tables(&text),
            "comment.md" => {
                has_whole_tables(&text);
                assert!(text.len() <= comment::LIMIT);
            }
            "report.html" => assert_eq!(text.matches("<script").count(), 1, "exactly one script"),
            "picture.svg" => drop(roxmltree::Document::parse(&text).expect("XML")),
            other => panic!("no property for {other}"),
        }
    }
    scenario::has_pages(&run);
    advice::is_sound(&run);
    for line in terminal::table(&run).lines().chain(reports::terminal::tables(&run).lines()) {
        assert!(columns::width(line) <= terminal::WIDTH && !line.contains(char::is_control), "{line:?}");
    }
}

/// The samples are taken out of the run and put back, as the store does it.
fn survives_the_store(run: &Run) {
    let packed = samples::pack(run).expect("memory");
    let mut again = run.clone();
    for measurement in &mut again.measurements {
        if let Outcome::Measured(measured) = &mut measurement.outcome {
            measured.samples.clear();
        }
    }
    samples::unpack(&packed[..], &mut again).expect("what was written is read");
    assert_eq!(&again, run);
}

/// The table has one line per cell, in the run's order, with all columns.
fn is_table(run: &Run, text: &str) {
    let mut lines = ::csv::Reader::from_reader(text.as_bytes());
    assert_eq!(lines.headers().expect("a header"), csv::COLUMNS.as_slice());
    let records: Vec<_> = lines.records().collect::<Result<_, _>>().expect("lines of all columns");
    assert_eq!(records.len(), run.measurements.len());
    for (record, measurement) in records.iter().zip(&run.measurements) {
        // A field that begins like a spreadsheet formula has an apostrophe in front.
        assert_eq!(record[6].trim_start_matches('\''), measurement.cell.monitor.to_string());
        assert_eq!(record[8], *measurement.outcome.word());
    }
}

/// Each row of a table has as many columns as the table.
fn has_whole_tables(text: &str) {
    let columns = |line: &str| line.replace("\\|", "").matches('|').count();
    let mut expected = None;
    for line in text.lines() {
        if line.starts_with('|') {
            assert_eq!(columns(line), *expected.get_or_insert(columns(line)), "{line}");
        } else {
            expected = None;
        }
    }
}
