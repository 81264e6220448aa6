//! The matrix of one kernel.

use maud::{Markup, html};

use super::super::matrix::Field;
use super::super::{View, evidence};
use crate::html::table;
use crate::text::one_line;

/// The matrix of `kernel`, which has this number on the page.
pub(super) fn matrix(view: &View<'_>, number: usize, kernel: &str) -> Markup {
    let head = html! {
        th.t scope="col" { "scenario" }
        @for policy in &view.policies { th scope="col" { (broken(policy)) } }
    };
    let body = html! {
        @for scenario in &view.scenarios {
            tr {
                th.t scope="row" { a href={ "#scenario-" (one_line(scenario)) } title=(one_line(view.about(scenario))) {
                    (one_line(scenario)) } }
                @for policy in &view.policies {
                    @match view.field(kernel, scenario, policy) {
                        Some(field) => (shown(&field, &evidence::policy_address(kernel, scenario, policy))),
                        None => td {},
                    }
                }
            }
        }
    };
    html! {
        section class={ "of-kernel kernel-" (number) } {
            h2 { "Kernel " (one_line(kernel)) }
            (table::scrolling(&format!("scenarios and policies on {}", one_line(kernel)), "matrix filters", &head, &body))
        }
    }
}

fn shown(field: &Field, address: &str) -> Markup {
    let class = match field.percent {
        Some(percent) => format!("share-{}", percent / 10),
        None if field.text == "failed" => "failed-cell".into(),
        None => "nothing".into(),
    };
    html! {
        td class=(class) title=[(!field.details.is_empty()).then_some(&field.details)] {
            a href=(address) { (field.text) }
            @for note in &field.notes { small { (note) } }
        }
    }
}

/// A policy's name that may break after its mechanism and before its grade.
pub(super) fn broken(policy: &str) -> Markup {
    let policy = one_line(policy);
    let (name, grade) = match policy.split_once('[') {
        Some((name, grade)) => (name, Some(grade.trim_end_matches(']'))),
        None => (&*policy, None),
    };
    let (mechanism, action) = name.split_once('+').unwrap_or((name, ""));
    html! {
        (mechanism) @if !action.is_empty() { "+" wbr; (action) }
        @if let Some(grade) = grade { wbr; "[" (grade) "]" }
    }
}
