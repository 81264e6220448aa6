//! The costs of the loaders of BPF objects, as tables.

use maud::{Markup, html};

use super::page::prose;
use super::table;
use crate::loading::{LoaderTable, MEANING, STEPS};

/// One table per section; empty when the run has only one loader.
pub(super) fn loaders(tables: &[LoaderTable]) -> Markup {
    html! {
        @if !tables.is_empty() {
            section #loaders {
                h2 { "Loaders compared" }
                p { (prose(MEANING)) }
                @for table in tables { (loader_table(table)) }
            }
        }
    }
}

fn loader_table(loaders: &LoaderTable) -> Markup {
    let head = html! {
        th scope="col" { "monitor" }
        th.t scope="col" { "loader" }
        @for step in STEPS { th scope="col" { (step) } }
    };
    let body = html! {
        @for line in &loaders.lines { tr {
            th scope="row" { (line.monitor) }
            td.t { (line.loader) }
            @for step in &line.steps { td { (step) } }
        } }
    };
    html! {
        article {
            h3 { (loaders.title) }
            (table::scrolling(&format!("loaders, {}", loaders.title), "sorts filters", &head, &body))
        }
    }
}
