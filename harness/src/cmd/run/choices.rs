//! Choices that hookbench made for custom BPF objects, where their usual loader may choose
//! otherwise. The user sees them on standard error, and not only in the reports.

use std::collections::BTreeSet;

use hookbench_model::{CustomMonitorKind, Measurement};
use hookbench_probes::custom::is_choice;
use hookbench_reports::text::one_line;

/// The choices of a run, one a line; `None` if there are none.
pub(super) fn list(measurements: &[Measurement]) -> Option<String> {
    let mut seen = BTreeSet::new();
    let mut lines = Vec::new();
    for measurement in measurements {
        let is_object =
            measurement.cell.monitor.custom().is_some_and(|(kind, _)| kind == CustomMonitorKind::Bpf);
        let notes = measurement.measured().filter(|_| is_object).map_or(&[][..], |measured| &measured.notes);
        for note in notes.iter().filter(|note| is_choice(note)) {
            let line = one_line(&format!("{}: {note}", measurement.cell.tuned_monitor()));
            if seen.insert(line.clone()) {
                lines.push(line);
            }
        }
    }
    (!lines.is_empty()).then(|| lines.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use hookbench_model::{Clock, Measured, Outcome};

    fn measurement(cell: &str, notes: &[&str]) -> Measurement {
        let notes = notes.iter().map(|note| note.to_string()).collect();
        let outcome = Outcome::Measured(Measured { notes, ..Measured::default() });
        Measurement { cell: cell.parse().unwrap(), clock: Clock::Instructions, history: None, outcome }
    }

    #[test]
    fn each_choice_is_listed_once_with_its_monitor() {
        let notes = ["a and b are both at x; hookbench attached a; only=b chooses the other", "a 10"];
        let measurements = [
            measurement("6.1/tcg/null-syscall/paced/bpf:x.o", &notes),
            measurement("6.1/tcg/execve-noop/paced/bpf:x.o", &notes),
            measurement("6.1/tcg/null-syscall/paced/cmd:x", &["x wrote: only=1"]),
        ];
        assert_eq!(list(&measurements).unwrap(), format!("bpf:x.o: {}", notes[0]));
        assert_eq!(list(&measurements[2..]), None);
    }
}
