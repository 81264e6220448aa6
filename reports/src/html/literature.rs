//! Published measurements next to the cells of the run that match them, as tables.

use maud::{Markup, html};

use crate::literature::{self, ComparedCondition, LiteratureComparison};
use crate::section::Section;
use crate::text;

/// The published measurements beside the run's.
pub(super) fn published(sections: &[Section<'_>]) -> Markup {
    html! {
        section #published {
            h2 { "Beside published numbers" }
            p { (literature::WHY_THEY_DIFFER) }
            @for comparison in literature::compare(sections) { (one_comparison(&comparison)) }
        }
    }
}

fn one_comparison(comparison: &LiteratureComparison) -> Markup {
    let publication = comparison.publication;
    html! {
        article {
            h3 { (publication.title) @if let Some(kernel) = &comparison.kernel { ", beside kernel " (kernel) } }
            p { a href=(publication.url) { (publication.url) } ": " (publication.about) ". Ratios are to "
                (text::grouped(publication.base)) " " (publication.unit) " there and to " code { "none" } " here." }
            div.table tabindex="0" role="region" aria-label={ "Table: beside " (publication.title) } {
                table {
                    thead { tr {
                        th scope="col" { "condition" }
                        th.number.text scope="col" { "published (" (publication.unit) ")" }
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

fn comparison_line(line: &ComparedCondition) -> Markup {
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
