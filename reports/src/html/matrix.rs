//! Kernels beside each other, as a table whose fields are the hotter the more a
//! monitor adds; and the parameters that grow, as curves and their numbers.

use maud::{Markup, html};

use super::{Page, picture};
use crate::matrix::{self, Matrix};
use crate::plot;
use crate::section::Row;
use crate::sweep::{self, SlopeTable, Sweep};
use crate::text;

/// The section of all matrices; nothing when there is none.
pub(super) fn matrices(matrices: &[Matrix<'_, '_>]) -> Markup {
    html! {
        @if !matrices.is_empty() {
            section #kernels {
                h2 { "Kernels beside each other" }
                p { "What each monitor adds to the median of one operation on each kernel, and of "
                    code { "none" } " that median itself (" a href="#method-what-do-the-columns-mean" { "how" } "). The hotter the more: a shade for each "
                    "half decade. Why a field has no number stands at the end of the page." }
                @for matrix in matrices { (one_matrix(matrix)) }
            }
        }
    }
}

fn one_matrix(matrix: &Matrix<'_, '_>) -> Markup {
    html! {
        article {
            h3 { (matrix.title()) }
            div.table tabindex="0" role="region" aria-label={ "Table: " (matrix.title()) } {
                table.heat.sorts.filters {
                    thead { tr {
                        th scope="col" { "monitor" }
                        @for kernel in &matrix.kernels { th scope="col" { (kernel) } }
                    } }
                    tbody { @for (monitor, fields) in &matrix.lines {
                        tr {
                            th scope="row" { code { (monitor) } }
                            @for row in fields { (heat_field(*row)) }
                        }
                    } }
                }
            }
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

/// The section of all sweeps; nothing when there is none.
pub(super) fn sweeps(page: &Page<'_>, sweeps: &[Sweep]) -> Markup {
    html! {
        @if !sweeps.is_empty() {
            section #sweeps {
                h2 { "Parameters that grow" }
                p { "The slope is that of the line with the least squares: by how much one more of the "
                    "parameter makes the number larger." }
                @for slopes in sweep::slopes(sweeps) { (slopes_table(&slopes)) }
                @for sweep in sweeps { div.(page.class(&sweep.of_kernel)) { (one_sweep(sweep)) } }
            }
        }
    }
}

fn slopes_table(slopes: &SlopeTable) -> Markup {
    html! {
        article {
            h3 { (slopes.title) }
            div.table tabindex="0" role="region" aria-label={ "Table: " (slopes.title) } {
                table.sorts.filters {
                    thead { tr {
                        th scope="col" { "monitor" }
                        @for kernel in &slopes.kernels { th scope="col" { (kernel) } }
                    } }
                    tbody { @for (monitor, fields) in &slopes.lines {
                        tr {
                            th scope="row" { code { (monitor) } }
                            @for slope in fields { td { (slope.map_or_else(String::new, sweep::shown)) } }
                        }
                    } }
                }
            }
        }
    }
}

fn one_sweep(sweep: &Sweep) -> Markup {
    let values = sweep.values();
    html! {
        article {
            h3 { (sweep.title()) }
            figure.curves { (picture(&plot::curves(sweep, plot::WIDE), &sweep.title())) }
            div.table tabindex="0" role="region" aria-label={ "Table: " (sweep.title()) } {
                table.sorts.filters {
                    thead { tr {
                        th scope="col" { "monitor" }
                        th scope="col" { "slope" }
                        @for value in &values { th scope="col" { (sweep.param) "=" (value) } }
                    } }
                    tbody { @for curve in &sweep.curves {
                        tr {
                            th scope="row" { code { (curve.monitor) } }
                            td { (sweep::shown(curve.slope())) }
                            @for value in &values { td { (curve.shown_at(*value)) } }
                        }
                    } }
                }
            }
        }
    }
}
