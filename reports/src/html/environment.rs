//! The calibration and the environment of the run, as lists.

use hookbench_results::Run;
use maud::{Markup, html};

use crate::{environment, section, text};

/// What an empty timed section costs on each kernel.
pub(super) fn calibration(run: &Run) -> Markup {
    let all = section::calibrations(run);
    html! {
        @if !all.is_empty() {
            section #calibration {
                h2 { "Calibration" }
                p { "The cost of " (section::CALIBRATION_MEANING) ":" }
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
