//! What every monitor costs on each kernel, as a heat map.

use maud::{Markup, html};

use super::page::Page;
use super::table;
use crate::matrix::{self, Matrix};
use crate::section::Row;
use crate::text;

/// The section of all matrices; empty when there is none.
pub(super) fn matrices(page: &Page<'_>, matrices: &[Matrix<'_, '_>]) -> Markup {
    html! {
        @if !matrices.is_empty() {
            section #kernels {
                h2 { "Kernels compared" }
                p { (matrix::meaning(matrices)) " The row of "
                    code { "none" } " has the median of the operation (" a href="#method-what-do-the-columns-mean" { "how" } "). A stronger shade is a higher cost: one "
                    "shade for each half decade. The end of the page says why a cell has no number." }
                @for matrix in matrices { (heat_map(page, matrix)) }
            }
        }
    }
}

fn heat_map(page: &Page<'_>, matrix: &Matrix<'_, '_>) -> Markup {
    let head = html! {
        th scope="col" { "monitor" }
        @for kernel in &matrix.kernels { th scope="col" { (kernel) } }
    };
    let body = html! {
        @for (monitor, fields) in &matrix.lines {
            tr {
                th scope="row" { code { (monitor) } }
                @for row in fields { (heat_field(page, *row)) }
            }
        }
    };
    html! {
        article {
            h3 { (matrix.title()) }
            (table::scrolling(&matrix.title(), "heat sorts filters", &head, &body))
        }
    }
}

fn heat_field(page: &Page<'_>, row: Option<&Row<'_>>) -> Markup {
    let Some(row) = row else { return html! { td.without {} } };
    let refused = row.measured().map(text::refused).unwrap_or_default();
    let number = html! { (matrix::field(Some(row))) };
    html! {
        @match matrix::heat(Some(row)) {
            Some(heat) => td.{ "heat-" (heat) }.stopped[!refused.is_empty()] title=[hint(row, &refused)] {
                (page.explained(row, number))
            },
            None => td.without[row.summary.is_none()] { (number) },
        }
    }
}

/// How the monitor stopped the operation, and the parts of its cost.
fn hint(row: &Row<'_>, refused: &str) -> Option<String> {
    let parts = [Some(refused.to_string()), row.cost.and_then(|cost| cost.detail())];
    let parts: Vec<String> = parts.into_iter().flatten().filter(|part| !part.is_empty()).collect();
    (!parts.is_empty()).then(|| parts.join("; "))
}
