//! What the loaders of BPF objects cost, as tables.

use maud::{Markup, html};

use crate::loading::{ABOUT, LoaderTable, STEPS};

/// One table per section; nothing where there is one loader.
pub(super) fn loaders(tables: &[LoaderTable]) -> Markup {
    html! {
        @if !tables.is_empty() {
            section #loaders {
                h2 { "Loaders beside each other" }
                p { (super::prose(ABOUT)) }
                @for table in tables { (one(table)) }
            }
        }
    }
}

fn one(table: &LoaderTable) -> Markup {
    html! {
        article {
            h3 { (table.title) }
            div.table tabindex="0" role="region" aria-label={ "Table: loaders, " (table.title) } {
                table.sorts.filters {
                    thead { tr {
                        th scope="col" { "monitor" }
                        th.t scope="col" { "loader" }
                        @for step in STEPS { th scope="col" { (step) } }
                    } }
                    tbody { @for line in &table.lines { tr {
                        th scope="row" { (line.monitor) }
                        td.t { (line.loader) }
                        @for step in &line.steps { td { (step) } }
                    } } }
                }
            }
        }
    }
}
