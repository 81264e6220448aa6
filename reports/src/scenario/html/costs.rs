//! What policies cost allowed neighbours and how large they are: a matrix like that of verdicts.

use maud::{Markup, html};

use super::super::{View, evidence, price};
use super::matrix::broken;
use crate::html::table;
use crate::text::one_line;

/// The section with the costs and the sizes; empty if the run has neither.
pub(super) fn section(view: &View<'_>) -> Markup {
    html! {
        @if view.has_prices() || view.has_lines() {
            section #costs {
                h2 { "What policies cost" }
                @if view.has_prices() { p.note { (price::MEANING) } } @else { p.note { (view.unpriced()) } }
                p.note { (price::LINES) }
                @for (number, kernel) in view.kernels.iter().enumerate() {
                    div class={ "of-kernel kernel-" (number) } { (matrix(view, kernel)) }
                }
            }
        }
    }
}

fn matrix(view: &View<'_>, kernel: &str) -> Markup {
    let head = html! {
        th.t scope="col" { "instructions on " (one_line(kernel)) }
        @for policy in &view.policies { th scope="col" { (broken(policy)) } }
    };
    let body = html! {
        @for scenario in &view.scenarios {
            tr {
                th.t scope="row" { (one_line(scenario)) }
                @for policy in &view.policies { (field(view, kernel, scenario, policy)) }
            }
        }
    };
    let label = format!("costs of policies on {}", one_line(kernel));
    table::scrolling(&label, "matrix costs filters", &head, &body)
}

fn field(view: &View<'_>, kernel: &str, scenario: &str, policy: &str) -> Markup {
    let found = view.price(kernel, scenario, policy);
    let has_cell =
        view.run.find_scenario(kernel, scenario, policy).is_some_and(|cell| cell.tried().is_some());
    html! {
        td title=[found.as_ref().map(|price| &price.details)] {
            @if let Some(price) = &found {
                a href=(evidence::policy_address(kernel, scenario, policy)) { (price.text) }
            }
            @if let Some(lines) = view.lines(scenario, policy).filter(|_| has_cell) { small { (price::lines(lines)) } }
        }
    }
}
