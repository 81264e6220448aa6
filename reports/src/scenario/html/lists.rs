//! The lists of the page: failed cells, what nobody sees or stops, what differs between kernels, the policies, the
//! words and the kernels.

use hookbench_analysis::scenario::{Difference, Nobody, differences, nobody_sees, nobody_stops};
use hookbench_results::{ScenarioCell, ScenarioOutcome};
use maud::{Markup, html};

use super::super::{View, command, words};
use crate::html::table;
use crate::text::{count, one_line};

/// The cells that failed.
pub(super) fn failed(view: &View<'_>) -> Markup {
    let has_failed = |cell: &&ScenarioCell| matches!(cell.outcome, ScenarioOutcome::Failed(_));
    let failed: Vec<&ScenarioCell> = view.run.scenarios.iter().filter(has_failed).collect();
    html! {
        @if !failed.is_empty() {
            section #failed {
                h2 { (count(failed.len(), "cell")) " failed" }
                @for cell in failed {
                    div.reason {
                        p { code { (one_line(&cell.to_string())) } ": " (one_line(cell.outcome.reason())) }
                        p { code { (command(view.run, cell, None)) " --console" } }
                    }
                }
            }
        }
    }
}

/// The ways that no policy sees, and those that none stops.
pub(super) fn nobody(view: &View<'_>) -> Markup {
    let lists =
        [("no policy sees", nobody_sees(&view.verdicts)), ("no policy stops", nobody_stops(&view.verdicts))];
    html! {
        section #nobody {
            h2 { "What no policy sees or stops" }
            @for (what, ways) in &lists {
                h3 { "Ways that " (what) }
                @if ways.is_empty() { p { "None in this run." } } @else {
                    ul { @for way in ways { (line(way)) } }
                }
            }
        }
    }
}

fn line(way: &Nobody<'_>) -> Markup {
    html! { li { code { (one_line(way.scenario)) "/" (one_line(way.way)) } ", " (words::kernels(way)) } }
}

/// The ways whose verdicts differ between kernels.
pub(super) fn between_kernels(view: &View<'_>) -> Markup {
    let differing = differences(&view.verdicts);
    let head = html! {
        @for name in ["scenario", "way", "policies", "verdicts by kernel"] { th.t scope="col" { (name) } }
    };
    let body = html! { @for difference in &differing { (difference_row(difference)) } };
    html! {
        @if view.kernels.len() > 1 {
            section #differences.words {
                h2 { "What differs between kernels" }
                @if differing.is_empty() { p { "Nothing: each verdict is the same on all kernels." } } @else {
                    (table::scrolling("differences between kernels", "words filters", &head, &body))
                }
            }
        }
    }
}

fn difference_row(difference: &Difference<'_>) -> Markup {
    html! {
        tr {
            th.t scope="row" { (one_line(difference.scenario)) }
            td.t { code { (one_line(difference.way)) } }
            td.t.text { (words::list(&difference.policies)) }
            td.t.text {
                @for (word, kernels) in &difference.verdicts { div { (words::list(kernels)) ": " (word) } }
            }
        }
    }
}

/// The policies of the run.
pub(super) fn policies(view: &View<'_>) -> Markup {
    let known = view.run.environment.policies.iter().filter(|policy| view.policies.contains(&&*policy.name));
    html! {
        section #policies {
            h2 { "Policies" }
            dl { @for policy in known {
                div { dt { code { (one_line(&policy.name)) } } dd { (one_line(&policy.about)) } }
            } }
        }
    }
}

/// What the words mean.
pub(super) fn meanings() -> Markup {
    html! {
        section #words {
            h2 { "What the words mean" }
            dl { @for (word, meaning) in words::MEANINGS { div { dt { (word) } dd { (meaning) } } } }
        }
    }
}

/// The kernels of the run.
pub(super) fn kernels(view: &View<'_>) -> Markup {
    html! {
        section #environment {
            h2 { "Kernels" }
            dl { @for kernel in &view.run.environment.kernels {
                div { dt { (one_line(&kernel.name)) } dd { (one_line(&kernel.package)) " " (one_line(&kernel.version)) } }
            } }
        }
    }
}
