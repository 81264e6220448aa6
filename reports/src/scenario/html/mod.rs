//! `report.html` of a run of scenarios: the matrix first, on one kernel, which the reader can change; then what nobody
//! sees, what differs between kernels, and the verdicts on each way with links to their evidence.

use hookbench_results::Run;
use maud::{Markup, PreEscaped, html};

use super::{View, words};
use crate::html::SCRIPT;
use crate::html::{POLICY, frame};
use crate::text::one_line;

mod costs;
mod lists;
mod matrix;
mod ways;

const STYLE: &str = include_str!("style.css");
const TITLE: &str = "What sees it, and what stops it";

/// The run as one HTML page. Its links lead to the pages of [`super::evidence`].
pub fn render(run: &Run) -> String {
    let view = View::new(run);
    // The style alone switches kernels, so that it works without a script.
    let choice = |place: usize| {
        format!("body:has(#kernel-{place}:checked) .of-kernel:not(.kernel-{place}){{display:none}}\n")
    };
    let choices: String = (0..view.kernels.len()).map(choice).collect();
    frame::document(
        TITLE,
        Some(POLICY),
        &(STYLE.to_owned() + &choices),
        &html! {
            main {
                header { h1 { (TITLE) } p.counts { (words::counts(&view)) } }
                (controls(&view))
                (lists::failed(&view))
                @for (number, kernel) in view.kernels.iter().enumerate() { (matrix::matrix(&view, number, kernel)) }
                p.note { (words::MATRIX) }
                (costs::section(&view))
                (contents(&view))
                (lists::nobody(&view))
                (lists::between_kernels(&view))
                @for scenario in &view.scenarios { (ways::scenario(&view, scenario)) }
                (lists::policies(&view))
                (lists::meanings())
                (lists::kernels(&view))
            }
            footer { p { "Made by hookbench " (one_line(&run.environment.hookbench)) ", plan "
                code { (one_line(&run.plan)) } "." } }
            script { (PreEscaped(SCRIPT)) }
        },
    )
}

fn controls(view: &View<'_>) -> Markup {
    // Most readers run one of the newer kernels, which come last.
    let first = view.kernels.len().saturating_sub(1);
    html! {
        div.controls {
            @if view.kernels.len() > 1 {
                fieldset {
                    legend { "Kernel" }
                    @for (place, kernel) in view.kernels.iter().enumerate() {
                        label {
                            input type="radio" name="kernel" id={ "kernel-" (place) } value=(one_line(kernel))
                                checked[place == first];
                            span { (one_line(kernel)) }
                        }
                    }
                }
            }
            label.needs-script hidden {
                span { "Filter all tables" }
                input #filter type="search" placeholder="io_uring, missed, …" autocomplete="off";
            }
            span #filtered aria-live="polite" {}
        }
    }
}

fn contents(view: &View<'_>) -> Markup {
    html! {
        nav aria-label="Contents" {
            ul {
                @if view.has_prices() || view.has_lines() { li { a href="#costs" { "What policies cost" } } }
                li { a href="#nobody" { "What no policy sees or stops" } }
                @if view.kernels.len() > 1 { li { a href="#differences" { "What differs between kernels" } } }
                @for scenario in &view.scenarios {
                    li { a href={ "#scenario-" (one_line(scenario)) } { (one_line(scenario)) } }
                }
                li { a href="#policies" { "Policies" } }
                li { a href="#words" { "What the words mean" } }
            }
        }
    }
}
