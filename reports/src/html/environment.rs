//! The calibration and the environment of the run, as lists.

use hookbench_results::Run;
use maud::{Markup, html};

use crate::{calibration, environment, text};

/// The cost of an empty timed section on each kernel.
pub(super) fn calibration(run: &Run) -> Markup {
    let all = calibration::calibrations(run);
    html! {
        @if !all.is_empty() {
            section #calibration {
                h2 { "Calibration" }
                p { (calibration::MEANING) }
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

/// The environment that the numbers depend on.
pub(super) fn environment(run: &Run) -> Markup {
    html! {
        section #environment {
            h2 { "Environment" }
            p { "The same environment gives the same numbers. Another environment may give other numbers." }
            (fact_list(environment::facts(run)))
            @for kernel in &run.environment.kernels {
                h3 { "Kernel " (text::one_line(&kernel.name)) }
                (fact_list(environment::kernel_facts(kernel)))
            }
        }
    }
}

fn fact_list(facts: Vec<(String, String)>) -> Markup {
    html! {
        dl {
            @for (name, value) in facts {
                div { dt { (text::one_line(&name)) } dd { code { (text::one_line(&value)) } } }
            }
        }
    }
}
