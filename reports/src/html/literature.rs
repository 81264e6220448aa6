//! Published measurements and the cells of the run that match them, as tables.

use maud::{Markup, html};

use super::page::prose;
use super::table;
use crate::literature::{self, ComparedCondition, LiteratureComparison};
use crate::section::Section;
use crate::text;

/// The section that compares the run with published numbers.
pub(super) fn published(sections: &[Section<'_>]) -> Markup {
    html! {
        section #published {
            h2 { "Comparison with published numbers" }
            p { (literature::WHY_THEY_DIFFER) }
            @for comparison in literature::compare(sections) { (one_comparison(&comparison)) }
        }
    }
}

fn one_comparison(comparison: &LiteratureComparison) -> Markup {
    let publication = comparison.publication;
    let head = html! {
        th scope="col" { "condition" }
        th.number.text scope="col" { "published (" (publication.unit) ")" }
        th.number.text scope="col" { "published ratio" }
        th.number.text scope="col" { "ratio here" }
        th.number scope="col" { "p50 here" }
        @if comparison.has_hooks() { th.number scope="col" { "hook here" } }
        th scope="col" { "our cell" }
        th scope="col" { "like for like?" }
    };
    let hooks = comparison.has_hooks();
    let body = html! { @for line in &comparison.lines { (condition_row(line, hooks)) } };
    html! {
        article {
            h3 { (publication.title) @if let Some(kernel) = &comparison.kernel { ", kernel " (kernel) } }
            p { a href=(publication.url) { (publication.url) } ": " (publication.about) ". Published ratios are relative to "
                (text::grouped(publication.base)) " " (publication.unit) ", ours to " code { "none" } "."
                @if hooks { " " (literature::HOOK_MEANING) } }
            (table::scrolling(&format!("comparison with {}", publication.title), "", &head, &body))
            @for remark in &comparison.remarks { p { (remark) } }
        }
    }
}

fn condition_row(line: &ComparedCondition, hooks: bool) -> Markup {
    html! {
        tr {
            th.text scope="row" { (line.condition) }
            td.number { (text::grouped(line.published)) }
            td.number { (text::ratio(line.ratio)) }
            @match &line.ours {
                Some(ours) => {
                    td.number { (text::ratio(ours.ratio)) }
                    td.number { (ours.p50) }
                    @if hooks { td.number { (ours.hook.as_deref().unwrap_or_default()) } }
                    td.text { code { (line.monitor) } ", " (ours.cell) }
                }
                None => {
                    td colspan=(if hooks { 3 } else { 2 }) { span.word { "not measured in this run" } }
                    td { code { (line.monitor) } }
                }
            }
            td.text { (prose(&line.likeness)) }
        }
    }
}
