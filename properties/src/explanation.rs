//! The explanation of a cell that a run keeps, and what is rendered from it.

use hookbench_analysis::attribution::Explanation;
use hookbench_analysis::attribution::explanation::{self, Difference, Names};
use hookbench_reports::explain::{self, ExplanationReport};
use hookbench_reports::{columns, terminal};

use crate::memory;

/// An explanation that is written and read again is the same. Its parts add up, by call path, by function and in all.
/// Reading takes memory in proportion to the bytes, and each rendering is valid in its format.
pub fn holds(bytes: &[u8]) {
    let room = 64 * bytes.len() + (64 << 10);
    let Ok(read) = memory::within(room, || explanation::read(bytes)) else { return };
    let json = serde_json::to_vec(&read).expect("JSON");
    assert_eq!(explanation::read(&json).as_ref(), Ok(&read));
    adds_up(&read);
    is_rendered(&ExplanationReport { of: &read, against: None });
    is_rendered(&ExplanationReport { of: &read, against: Some(&read) });
}

fn adds_up(read: &Explanation) {
    let parts = read.parts();
    assert_eq!(parts.added(), read.operation() as i64 - read.reference() as i64);
    assert_eq!(parts.added(), parts.direct + parts.side_effects());
    let by_function =
        read.functions().iter().fold(Default::default(), |sum, function| function.own.plus(sum));
    assert_eq!(parts, by_function);
    assert_eq!(read.operation_stacks(Names::Exact).values().sum::<u64>(), read.operation());
    assert_eq!(read.reference_stacks(Names::Normalized).values().sum::<u64>(), read.reference());
    let nothing = Difference::new(read, read);
    assert!(nothing.parts.is_nothing() && nothing.functions.is_empty(), "{nothing:?}");
}

fn is_rendered(report: &ExplanationReport<'_>) {
    for line in explain::text(report).lines() {
        assert!(columns::width(line) <= terminal::WIDTH && !line.contains(char::is_control), "{line:?}");
    }
    serde_json::from_str::<serde_json::Value>(&explain::json(report)).expect("JSON");
    for file in explain::files(report).expect("pictures are drawn") {
        let safe = |c: char| c.is_ascii_alphanumeric() || "+=-_.".contains(c);
        assert!(file.name.chars().all(safe) && !file.name.contains(".."), "{}", file.name);
        assert!(!file.content.contains(|c: char| c.is_control() && c != '\n'), "{}", file.name);
        if file.name.ends_with(".html") {
            assert!(!file.content.contains("<script"), "only the frames have scripts");
        }
    }
}
