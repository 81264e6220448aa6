//! All numbers, per kernel and workload: the tables, how operations differ from their
//! median, and the command that measures a cell again.

use maud::{Markup, html};

use super::cells;
use super::page::{Page, picture};
use crate::plot::{self, DrawError};
use crate::section::{self, Section};
use crate::{decision, full_tables, text};

/// The sections of all kernels; the page shows those of the selected kernel.
///
/// # Errors
/// When a picture cannot be drawn.
pub(super) fn all_numbers(page: &Page<'_>) -> Result<Markup, DrawError> {
    Ok(html! {
        section #detail {
            h2 { "All numbers" }
            p { "A cell is one kernel, operation, schedule and monitor. The command below each table measures one "
                "of its cells again. Click a row to insert its monitor into the command." }
            @for kernel in &page.kernels { (kernel_numbers(page, kernel)?) }
        }
    })
}

fn kernel_numbers(page: &Page<'_>, kernel: &str) -> Result<Markup, DrawError> {
    let of_kernel = page.sections.iter().filter(|section| section.cell.kernel == kernel);
    let workloads = section::gathered(of_kernel, |section| section.cell.workload.as_str());
    // The pictures of the answer are not drawn a second time.
    let drawn = decision::decide(page.run, page.sections, kernel).map(|decision| decision.operations);
    let is_drawn = |section: &Section<'_>| {
        drawn.iter().flatten().any(|operation| operation.section.cell == section.cell)
            && section.untuned().is_none()
    };
    // Pictures of all kernels would make the page of a long run too large.
    let pictures = full_tables::fit(page.sections) || page.default_kernel == Some(kernel);
    Ok(html! {
        div.(page.class(kernel)) {
            @for (workload, group) in workloads {
                h3 { (text::one_line(workload)) }
                @for section in group { (section_numbers(page, section, pictures, is_drawn(section))?) }
            }
        }
    })
}

fn section_numbers(
    page: &Page<'_>,
    section: &Section<'_>,
    pictures: bool,
    drawn: bool,
) -> Result<Markup, DrawError> {
    let measured = section.rows.iter().any(|row| row.summary.is_some());
    Ok(html! {
        article {
            h4 { code { (section.operation()) } ", " (section.place()) }
            (cells::table(page, section))
            @if measured && pictures {
                details {
                    summary { "Pictures of this table" }
                    div.pair {
                        @if !drawn { (costs(section)?) }
                        figure {
                            (picture(&plot::spread(section, plot::NARROW)?, &plot::spread_title(section)))
                            figcaption { (plot::LEGEND) ". Clock: " (section.clock.name()) "." }
                        }
                    }
                }
            }
        }
    })
}

fn costs(section: &Section<'_>) -> Result<Markup, DrawError> {
    Ok(html! {
        figure {
            (picture(&plot::costs(section, plot::NARROW)?, &plot::costs_title(section)))
            figcaption { (costs_caption(section)) ", clock: " (section.clock.name()) "." }
        }
    })
}

fn costs_caption(section: &Section<'_>) -> &'static str {
    if section.is_divided() { "The hook in one operation" } else { "Cost added per operation" }
}
