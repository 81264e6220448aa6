//! The answer of a guest that tried scenarios, and the reports of a run that has it.

use std::collections::BTreeSet;

use hookbench_reports::scenario::{csv, evidence};
use hookbench_results::{Run, ScenarioCell, ScenarioOutcome};
use hookbench_scenarios::answer;
use hookbench_scenarios::exchange::{Answer, Found};

use crate::memory;

/// The longest error, in bytes; it may quote the guest.
const LONGEST_ERROR: usize = 500;

/// An answer that is written and read again is the same. What hookbench accepts is bounded, and an error about it is
/// short and one line. Reading takes memory in proportion to the bytes.
pub fn holds(bytes: &[u8]) {
    let room = 64 * bytes.len() + (64 << 10);
    let Ok(found) = memory::within(room, || serde_json::from_slice::<Answer>(bytes)) else { return };
    let json = serde_json::to_vec(&found).expect("JSON");
    assert_eq!(serde_json::from_slice::<Answer>(&json).expect("what was written is read"), found);
    let ways: Vec<&str> = match &found {
        Answer::Tried(found) => found.tried.ways.iter().map(|tries| &*tries.way).collect(),
        Answer::Unsupported(_) => Vec::new(),
    };
    if let Err(error) = answer::check(&found, &ways) {
        let error = error.to_string();
        assert!(error.len() <= LONGEST_ERROR && !error.contains(char::is_control), "{error:?}");
        return;
    }
    let Answer::Tried(Found { tried, timed }) = &found else { return };
    assert!(ways.is_empty() || answer::check(&found, &ways[1..]).is_err());
    let names: Vec<&str> = timed.iter().map(|timed| &*timed.way).collect();
    if answer::check_timed(timed, &names, 2).is_ok() {
        assert!(timed.iter().all(|timed| timed.samples.len() <= 2), "{timed:?}");
    }
    for tries in &tried.ways {
        assert!(tries.errno.is_none_or(|errno| (1..=4095).contains(&errno)), "{tries:?}");
        assert!(tries.signal.is_none_or(|signal| (1..=64).contains(&signal)), "{tries:?}");
    }
}

/// The table has one line for each way that a cell tried, and one for each cell that was not tried.
pub(crate) fn is_table(run: &Run, text: &str) {
    let mut lines = ::csv::Reader::from_reader(text.as_bytes());
    assert_eq!(lines.headers().expect("a header"), csv::COLUMNS.as_slice());
    let records: Vec<_> = lines.records().collect::<Result<_, _>>().expect("lines of all columns");
    let of_cell = |cell: &ScenarioCell| match &cell.outcome {
        ScenarioOutcome::Tried(tried) => tried.ways.len(),
        ScenarioOutcome::Unsupported(_) | ScenarioOutcome::Failed(_) => 1,
    };
    assert_eq!(records.len(), run.scenarios.iter().map(of_cell).sum::<usize>());
}

/// The pages with the evidence have different names, which cannot lead out of the run's folder, and nothing foreign
/// in them is markup.
pub(crate) fn has_pages(run: &Run) {
    let pages = evidence::pages(run);
    let names: BTreeSet<&String> = pages.iter().map(|(name, _)| name).collect();
    assert_eq!(names.len(), pages.len());
    for (name, page) in &pages {
        let file = name.strip_prefix("evidence/").expect("the folder of evidence");
        assert!(!file.contains('/') && !file.starts_with('.'), "{name:?}");
        assert!(!page.contains("<script") && !page.contains(|c: char| c.is_control() && c != '\n'), "{page}");
    }
}
