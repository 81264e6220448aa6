//! What each monitor of the run is, in a line each.

use hookbench_results::Run;
use hookbench_results::environment::MonitorRecord;
use maud::{Markup, html};

use super::table;
use crate::text;

/// The hint on the column `does`, here and in the table to choose a monitor by.
pub(super) const DOES_HINT: &str =
    "what the monitor does in this run, and below it what its mechanism could do";

/// The table of monitors; empty when the run does not describe them.
pub(super) fn monitors(run: &Run) -> Markup {
    let is_in_run = |record: &&MonitorRecord| {
        run.measurements.iter().any(|measurement| measurement.cell.monitor == record.name)
    };
    let head = html! {
        th.t scope="col" { "monitor" } th.t scope="col" { "what it does" }
        th.t scope="col" { "where" } th.t scope="col" title=(DOES_HINT) { "does" }
        th.t scope="col" { "scope" } th scope="col" { "since" }
    };
    let body = html! { @for record in run.environment.monitors.iter().filter(is_in_run) {
        tr {
            th.t scope="row" { code { (text::one_line(&record.name.to_string())) } }
            td.t.text { (text::one_line(&record.about)) }
            td.t { (text::one_line(&record.sees)) }
            td.t { (record.enforcement.about()) }
            td.t { @if record.per_process { "per process" } @else { "system-wide" } }
            td { "\u{2265} " (text::one_line(&record.since)) }
        }
    } };
    html! {
        @if !run.environment.monitors.is_empty() {
            section #monitors {
                h2 { "Monitors" }
                (table::scrolling("monitors", "sorts filters words", &head, &body))
            }
        }
    }
}
