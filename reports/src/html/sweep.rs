//! The parameter sweeps, as curves with their numbers, and the slopes of all kernels.

use maud::{Markup, html};

use super::page::{Page, picture};
use super::table;
use crate::plot::{self, DrawError};
use crate::sweep::{self, SlopeTable, Sweep};

/// The section of all sweeps; empty when there is none.
///
/// # Errors
/// When a picture cannot be drawn.
pub(super) fn sweeps(page: &Page<'_>, sweeps: &[Sweep]) -> Result<Markup, DrawError> {
    Ok(html! {
        @if !sweeps.is_empty() {
            section #sweeps {
                h2 { "Parameter sweeps" }
                p { (sweep::SLOPE_MEANING) }
                @for slopes in sweep::slopes(sweeps) { (slope_table(&slopes)) }
                @for sweep in sweeps { div.(page.class(&sweep.of_kernel)) { (one_sweep(sweep)?) } }
            }
        }
    })
}

fn slope_table(slopes: &SlopeTable) -> Markup {
    let head = html! {
        th scope="col" { "monitor" }
        @for kernel in &slopes.kernels { th scope="col" { (kernel) } }
    };
    let body = html! {
        @for (monitor, fields) in &slopes.lines {
            tr {
                th scope="row" { code { (monitor) } }
                @for slope in fields { td { (slope.map_or_else(String::new, sweep::format_slope)) } }
            }
        }
    };
    html! {
        article {
            h3 { (slopes.title) }
            (table::scrolling(&slopes.title, "sorts filters", &head, &body))
        }
    }
}

fn one_sweep(sweep: &Sweep) -> Result<Markup, DrawError> {
    let values = sweep.values();
    let head = html! {
        th scope="col" { "monitor" }
        th scope="col" { "slope" }
        @for value in &values { th scope="col" { (sweep.param) "=" (value) } }
    };
    let body = html! {
        @for curve in &sweep.curves {
            tr {
                th scope="row" { code { (curve.monitor) } }
                td { (sweep::format_slope(curve.slope())) }
                @for value in &values { td { (curve.shown_at(*value)) } }
            }
        }
    };
    Ok(html! {
        article {
            h3 { (sweep.title()) }
            figure.curves { (picture(&plot::curves(sweep, plot::WIDE)?, &sweep.title())) }
            (table::scrolling(&sweep.title(), "sorts filters", &head, &body))
        }
    })
}
