//! What every monitor adds on each kernel, as a heat map.

use maud::{Markup, html};

use super::table;
use crate::matrix::{self, Matrix};
use crate::section::Row;
use crate::text;

/// The section of all matrices; empty when there is none.
pub(super) fn matrices(matrices: &[Matrix<'_, '_>]) -> Markup {
    html! {
        @if !matrices.is_empty() {
            section #kernels {
                h2 { "Kernels compared" }
                p { "The cost that each monitor adds to the median of one operation on each kernel. The row of "
                    code { "none" } " has that median itself (" a href="#method-what-do-the-columns-mean" { "how" } "). A stronger shade is a higher cost: one "
                    "shade for each half decade. The end of the page says why a cell has no number." }
                @for matrix in matrices { (heat_map(matrix)) }
            }
        }
    }
}

fn heat_map(matrix: &Matrix<'_, '_>) -> Markup {
    let head = html! {
        th scope="col" { "monitor" }
        @for kernel in &matrix.kernels { th scope="col" { (kernel) } }
    };
    let body = html! {
        @for (monitor, fields) in &matrix.lines {
            tr {
                th scope="row" { code { (monitor) } }
                @for row in fields { (heat_field(*row)) }
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

fn heat_field(row: Option<&Row<'_>>) -> Markup {
    let refused = row.and_then(Row::measured).map(text::refused).unwrap_or_default();
    let number = row.is_some_and(|row| row.summary.is_some());
    html! {
        @match matrix::heat(row) {
            Some(heat) => td.{ "heat-" (heat) }.stopped[!refused.is_empty()]
                title=[(!refused.is_empty()).then_some(&refused)] { (matrix::field(row)) },
            None => td.without[!number] { (matrix::field(row)) },
        }
    }
}
