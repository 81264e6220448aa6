//! Cells without a number: the failed ones, which nobody should overlook, and the
//! unsupported and skipped ones, grouped by reason.

use hookbench_model::{Measurement, Outcome};
use hookbench_results::Run;
use maud::{Markup, html};

use crate::{section, text};

/// A longer reason, such as a verifier log, is collapsed.
const SHORT: usize = 160;

fn failures(run: &Run) -> Vec<&Measurement> {
    let failed = |measurement: &&Measurement| matches!(measurement.outcome, Outcome::Failed(_));
    run.measurements.iter().filter(failed).collect()
}

/// The warning at the top that cells failed; empty when none did.
pub(super) fn alarm(run: &Run) -> Markup {
    let (failed, caveats) = (failures(run).len(), section::with_caveats(run).len());
    html! {
        @if failed > 0 {
            p.alarm role="alert" { strong { (text::count(failed, "cell")) " failed" }
                " and have no number: " a href="#failed" { "see why" } "." }
        }
        @if caveats > 0 {
            p.alarm role="alert" { strong { (text::count(caveats, "number")) }
                " of custom monitors that were at work only in part, or of which nothing shows it: "
                a href="#caveats" { "see why" } "." }
        }
    }
}

/// Every cell whose number is not that of the whole monitor, with the reason.
pub(super) fn caveats(run: &Run) -> Markup {
    let cells = section::with_caveats(run);
    html! {
        @if !cells.is_empty() {
            section #caveats {
                h2 { "Not the whole monitor" }
                @for measurement in cells {
                    div.reason {
                        p { span.word { (measurement.outcome.word()) } " "
                            code { (text::one_line(&measurement.cell.to_string())) } }
                        (reason(&measurement.outcome.reason()))
                    }
                }
            }
        }
    }
}

/// Every failed cell, with its reason and the guest's console.
pub(super) fn failed(run: &Run) -> Markup {
    let failures = failures(run);
    html! {
        @if !failures.is_empty() {
            section #failed {
                h2 { "Failed" }
                @for measurement in failures { (one_failed(measurement)) }
            }
        }
    }
}

fn one_failed(measurement: &Measurement) -> Markup {
    let Outcome::Failed(failure) = &measurement.outcome else { return html! {} };
    html! {
        div.reason {
            p { span.word { "failed: " (failure.kind.name()) } " "
                code { (text::one_line(&measurement.cell.to_string())) } }
            (reason(&failure.message))
            @if !failure.console.is_empty() {
                details {
                    summary { "The guest's console" }
                    pre tabindex="0" { @for line in &failure.console { (text::one_line(line)) "\n" } }
                }
            }
        }
    }
}

/// A reason; a long one is collapsed.
fn reason(foreign: &str) -> Markup {
    let line = text::one_line(foreign);
    html! {
        @match line.char_indices().nth(SHORT) {
            None => p { (line) },
            Some((end, _)) => details { summary { (line[..end]) "…" } p { (line) } },
        }
    }
}

/// Unsupported and skipped cells: each reason once, with a collapsed list of cells.
pub(super) fn others(run: &Run) -> Markup {
    let mut groups: Vec<(&str, String, Vec<&Measurement>)> = Vec::new();
    for measurement in &run.measurements {
        let (Outcome::Unsupported(why) | Outcome::Skipped(why)) = &measurement.outcome else { continue };
        let (word, why) = (measurement.outcome.word(), text::one_line(why));
        match groups.iter_mut().find(|(known, reason, _)| *known == word && *reason == why) {
            Some((_, _, cells)) => cells.push(measurement),
            None => groups.push((word, why, vec![measurement])),
        }
    }
    html! {
        @if !groups.is_empty() {
            section #without {
                h2 { "Unsupported and skipped" }
                @for (word, why, cells) in &groups {
                    div.reason {
                        p { span.word { (word) } }
                        (reason(why))
                        details {
                            summary { (text::count(cells.len(), "cell")) }
                            ul { @for cell in cells { li { code { (text::one_line(&cell.cell.to_string())) } } } }
                        }
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;
    use hookbench_model::{Failure, FailureKind};

    #[test]
    fn a_long_reason_is_collapsed_and_complete() {
        let log = "ä".repeat(SHORT + 40);
        let shown = reason(&log).into_string();
        assert!(shown.starts_with("<details><summary>ä") && shown.contains(&format!("<p>{log}</p>")));
        assert_eq!(reason("short").into_string(), "<p>short</p>");
    }

    #[test]
    fn failures_raise_the_alarm_and_equal_reasons_are_grouped() {
        let mut run = fixture::synthetic_run();
        assert!(alarm(&run).into_string().contains("2 cells failed"));
        assert_eq!(others(&run).into_string().matches("left out by the plan").count(), 1);
        let failure = Failure { kind: FailureKind::Agent, message: "x".into(), console: Vec::new() };
        for measurement in &mut run.measurements {
            measurement.outcome = Outcome::Failed(failure.clone());
        }
        assert_eq!(others(&run).into_string(), "");
        run.measurements.clear();
        assert_eq!(alarm(&run).into_string(), "");
    }
}
