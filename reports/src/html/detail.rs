//! Every number, per kernel and workload: the tables, how operations differ from
//! their median, and the command that measures a cell again.

use maud::{Markup, html};

use super::{Page, picture, tables};
use crate::section::{self, Section};
use crate::{decision, plot, text};

/// The sections of all kernels; the page shows those of the chosen one.
pub(super) fn all(page: &Page<'_>) -> Markup {
    html! {
        section #detail {
            h2 { "Every number" }
            p { "A cell is one kernel, operation, schedule and monitor. Below each table stands the command that "
                "measures one of its cells again; a click on a row puts the row's monitor into it." }
            @for kernel in &page.kernels { (on(page, kernel)) }
        }
    }
}

fn on(page: &Page<'_>, kernel: &str) -> Markup {
    let of_kernel = page.sections.iter().filter(|section| section.cell.kernel == kernel);
    let workloads = section::gathered(of_kernel, |section| section.cell.workload.as_str());
    // What the answer shows already is not drawn twice.
    let drawn = decision::decide(page.run, page.sections, kernel).map(|decision| decision.operations);
    let is_drawn = |section: &Section<'_>| {
        drawn.iter().flatten().any(|operation| operation.section.cell == section.cell)
            && section.untuned().is_none()
    };
    // Pictures of every kernel would make a long run's page too heavy.
    let pictures = section::few(page.sections) || page.chosen == Some(kernel);
    html! {
        div.(page.class(kernel)) {
            @for (workload, group) in workloads {
                h3 { (text::one_line(workload)) }
                @for section in group { (one(section, pictures, is_drawn(section))) }
            }
        }
    }
}

fn one(section: &Section<'_>, pictures: bool, drawn: bool) -> Markup {
    let measured = section.rows.iter().any(|row| row.summary.is_some());
    html! {
        article {
            h4 { code { (section.operation()) } ", " (section.place()) }
            (tables::cells(section))
            @if measured && pictures {
                details {
                    summary { "Pictures of this table" }
                    div.pair {
                        @if !drawn { (added(section)) }
                        figure {
                            (picture(&plot::spread(section, plot::NARROW), &plot::spread_title(section)))
                            figcaption { (plot::LEGEND) ". Clock: " (section.clock.name()) "." }
                        }
                    }
                }
            }
        }
    }
}

fn added(section: &Section<'_>) -> Markup {
    html! {
        figure {
            (picture(&plot::added(section, plot::NARROW), &plot::added_title(section)))
            figcaption { "Cost added per operation, clock: " (section.clock.name()) "." }
        }
    }
}
