//! The verdicts on the ways of a scenario: a table for each kernel, of which the page shows one.

use hookbench_analysis::scenario::{CellVerdicts, Verdict, WayVerdict};
use hookbench_results::scenario::NO_POLICY;
use maud::{Markup, html};

use super::super::{View, evidence, price, words};
use super::matrix::broken;
use crate::html::table;
use crate::text::one_line;

/// The section of `scenario`.
pub(super) fn scenario(view: &View<'_>, scenario: &str) -> Markup {
    html! {
        section {
            h2 id={ "scenario-" (one_line(scenario)) } { (one_line(scenario)) }
            p { (words::about(view, scenario)) }
            @for (number, kernel) in view.kernels.iter().enumerate() {
                div class={ "of-kernel kernel-" (number) } { (on_kernel(view, scenario, kernel)) }
            }
        }
    }
}

fn on_kernel(view: &View<'_>, scenario: &str, kernel: &str) -> Markup {
    let policies: Vec<&str> = [NO_POLICY].iter().chain(&view.policies).copied().collect();
    let head = html! {
        th.t scope="col" { "way" }
        @for policy in &policies { th scope="col" { (broken(policy)) } }
    };
    let cells: Vec<_> =
        policies.iter().map(|policy| (*policy, view.verdicts.find(kernel, scenario, policy))).collect();
    let body = html! {
        @for way in view.ways(scenario) {
            tr {
                th.t scope="row" title=[view.described_way(scenario, way).map(|record| one_line(&record.about))] {
                    code { (one_line(way)) }
                    @if view.is_allowed(scenario, way) { " " small { "allowed" } }
                }
                @for (policy, cell) in &cells {
                    @match cell.and_then(|cell| Some((cell, cell.way(way)?))) {
                        Some((cell, verdict)) => {
                            (shown(cell, verdict, &evidence::way_address(kernel, scenario, policy, way)))
                        }
                        None => td {},
                    }
                }
            }
        }
    };
    table::scrolling(&one_line(&format!("ways of {scenario} on {kernel}")), "ways filters", &head, &body)
}

/// The verdict on a way and, if it is a neighbour with a price, what the policy costs it.
fn shown(cell: &CellVerdicts<'_>, way: &WayVerdict<'_>, address: &str) -> Markup {
    let cost = cell.price(&way.tries.way).and_then(|price| price.cost.as_ref());
    html! {
        td class=(class(&way.verdict)) {
            a href=(address) { (way.words()) }
            @if let Some(cost) = cost { small.cost title=(price::detail(cost)) { (price::shown(cost)) } }
        }
    }
}

/// The class of a verdict: what the policy is there for, its opposite, or something between.
fn class(verdict: &Verdict) -> &'static str {
    use hookbench_analysis::scenario::{Seen, Stop};
    match (verdict, verdict.is_good()) {
        (_, Some(true)) => "good",
        (_, None) => "nothing",
        (Verdict::Forbidden { stop: Some(Stop::KilledAfter(_)), .. }, _) => "between",
        (Verdict::Forbidden { seen: Some(Seen::Blank | Seen::WrongObject), stop: None }, _) => "between",
        (Verdict::Allowed(neighbour), _) if neighbour.is_false_alarm() => "between",
        (_, Some(false)) => "bad",
    }
}
