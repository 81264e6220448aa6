//! What stands after the workloads: the published numbers beside ours, the
//! calibration and the environment.

use hookbench_results::Run;
use maud::{Markup, html};

use crate::published::{self, Comparison, Line};
use crate::section::{self, Section};
use crate::{environment, text};

/// The published measurements beside the run's.
pub(super) fn published(sections: &[Section<'_>]) -> Markup {
    html! {
        section #published {
            h2 { "Beside published numbers" }
            p { (published::WHY_THEY_DIFFER) }
            @for comparison in published::compare(sections) { (one_comparison(&comparison)) }
        }
    }
}

fn one_comparison(comparison: &Comparison) -> Markup {
    let source = comparison.source;
    html! {
        article {
            h3 { (source.title) @if let Some(kernel) = &comparison.kernel { ", beside kernel " (kernel) } }
            p { a href=(source.url) { (source.url) } ": " (source.about) ". Ratios are to "
                (text::grouped(source.base)) " " (source.unit) " there and to " code { "none" } " here." }
            div.table tabindex="0" role="region" aria-label={ "Table: beside " (source.title) } {
                table {
                    thead { tr {
                        th scope="col" { "condition" }
                        th.number.text scope="col" { "published (" (source.unit) ")" }
                        th.number.text scope="col" { "ratio published" }
                        th.number.text scope="col" { "ratio here" }
                        th.number scope="col" { "p50 here" }
                        th scope="col" { "our cell" }
                        th scope="col" { "like for like?" }
                    } }
                    tbody { @for line in &comparison.lines { (comparison_line(line)) } }
                }
            }
            @for remark in &comparison.remarks { p { (remark) } }
        }
    }
}

fn comparison_line(line: &Line) -> Markup {
    html! {
        tr {
            th.text scope="row" { (line.condition) }
            td.number { (text::grouped(line.published)) }
            td.number { (text::ratio(line.ratio)) }
            @match &line.ours {
                Some(ours) => {
                    td.number { (text::ratio(ours.ratio)) }
                    td.number { (ours.p50) }
                    td.text { code { (line.monitor) } ", " (ours.cell) }
                }
                None => {
                    td colspan="2" { span.word { "not measured in this run" } }
                    td { code { (line.monitor) } }
                }
            }
            td.text { (super::prose(&line.likeness)) }
        }
    }
}

/// What an empty timed section costs on each kernel.
pub(super) fn calibration(run: &Run) -> Markup {
    let all = section::calibrations(run);
    html! {
        @if !all.is_empty() {
            section #calibration {
                h2 { "Calibration" }
                p { "The cost of " (section::CALIBRATION_ABOUT) ":" }
                ul {
                    @for calibration in &all {
                        li { "kernel " (calibration.kernel) ": " strong { (calibration.cost()) }
                            " (clock: " (calibration.clock.name()) ")" }
                    }
                }
            }
        }
    }
}

/// What made the numbers.
pub(super) fn environment(run: &Run) -> Markup {
    html! {
        section #environment {
            h2 { "Environment" }
            p { "The same environment gives the same numbers; another may give others." }
            (facts(environment::facts(run)))
            @for kernel in &run.environment.kernels {
                h3 { "Kernel " (text::one_line(&kernel.name)) }
                (facts(environment::kernel_facts(kernel)))
            }
        }
    }
}

fn facts(facts: Vec<(String, String)>) -> Markup {
    html! {
        dl {
            @for (name, value) in facts {
                div { dt { (text::one_line(&name)) } dd { code { (text::one_line(&value)) } } }
            }
        }
    }
}
