//! What each monitor costs per operation: bars on a logarithmic axis. A cost that
//! such an axis cannot show (zero, negative or missing) is written as text where the
//! bar would begin.

use hookbench_model::Outcome;
use plotters::prelude::DrawingBackend;

use super::canvas::{self, Anchor, Canvas, Marks, RowPicture};
use super::colour;
use super::error::{DrawError, Drawn};
use super::scale::Scale;
use crate::section::{Row, Section};
use crate::text;

/// What each monitor of `section` costs per operation, as SVG of `width` pixels.
/// Unsupported and skipped monitors and placebos cannot be ranked and are only in the tables.
/// Failed ones have a row, so that nobody overlooks them.
///
/// # Errors
/// When plotters fails to draw.
pub fn costs(section: &Section<'_>, width: u32) -> Result<String, DrawError> {
    picture(section, width).svg::<Bar>()
}

/// The title of the picture that [`costs`] draws, in one line.
pub fn costs_title(section: &Section<'_>) -> String {
    let (operation, place) = (section.operation(), section.place());
    let what = if section.is_divided() {
        format!("{} that the hook of each monitor takes in one {operation}", section.clock.unit())
    } else {
        format!("{} added to one {operation} by each monitor", section.clock.unit())
    };
    format!("{what} ({place}, clock: {})", section.clock.name())
}

/// The same picture, laid out for any of plotters' backends.
pub(super) fn picture<'a>(section: &Section<'a>, width: u32) -> RowPicture<'a> {
    let section = ranked(section);
    let bars = section.rows.iter().filter(|row| positive_cost(row).is_some());
    let (left, right) = canvas::axis_ends(&section, width, &bars.map(label).collect::<Vec<_>>());
    let highest = section.rows.iter().filter_map(positive_cost).max().unwrap_or(10);
    let (unit, operation, place) = (section.clock.unit(), section.operation(), section.place());
    let (long, short) = if section.is_divided() {
        (
            format!("{unit} of the hook in one {operation}, {place}"),
            format!("{unit} of the hook per operation"),
        )
    } else {
        (format!("{unit} added to one {operation}, {place}"), format!("{unit} added per operation"))
    };
    let [long, short] = [long, short].map(|title| title + " (log scale)");
    let title = if canvas::text_width(&long) < width as i32 { long } else { short };
    RowPicture { section, width, title, scale: Scale::costs(left, right, highest) }
}

fn ranked<'a>(section: &Section<'a>) -> Section<'a> {
    let is_ranked = |row: &&Row<'_>| match row.measurement.outcome {
        Outcome::Failed(_) => true,
        _ => row.summary.is_some() && !row.is_placebo(),
    };
    let rows = section.rows.iter().filter(is_ranked).cloned().collect();
    Section { rows, cell: section.cell.clone(), clock: section.clock }
}

/// The marks of a row: a bar and its number.
pub(super) struct Bar;

impl Marks for Bar {
    fn draw<B: DrawingBackend>(canvas: &Canvas<B>, scale: &Scale, row: &Row<'_>, middle: i32) -> Drawn<B> {
        let colour = colour::of_mechanism(row.measurement.cell.monitor.mechanism());
        let half = canvas::ROW / 2 - 4;
        let end = positive_cost(row).map_or(scale.left, |cost| scale.pixel(cost as f64).max(scale.left + 2));
        if end > scale.left {
            canvas.bar((scale.left, middle - half), (end, middle + half), colour, 1.0)?;
        }
        let ink = if row.cost.is_some() || row.measurement.cell.monitor.is_none() {
            colour::INK
        } else {
            colour::MUTED
        };
        let label = canvas.shortened(&label(row), canvas.right() - end - 6);
        canvas.text(&label, (end + 6, middle), Anchor::Left, ink)
    }
}

/// The length of a bar: the cost, if it is above zero.
fn positive_cost(row: &Row<'_>) -> Option<u64> {
    row.cost.and_then(|cost| u64::try_from(cost.number()).ok()).filter(|cost| *cost > 0)
}

/// The number next to the bar, or the text in its place.
fn label(row: &Row<'_>) -> String {
    let outcome = row.outcome();
    match (row.cost, row.summary) {
        (None, Some(summary)) if row.measurement.cell.monitor.is_none() => {
            format!("baseline: {}", text::grouped(summary.p50))
        }
        (Some(cost), _) if outcome == "measured" => cost.with_share(),
        // `+2, in part`, `220, refused EPERM`
        (Some(cost), _) => {
            format!("{}, {}", cost.with_share(), outcome.strip_prefix("measured ").unwrap_or(&outcome))
        }
        (None, Some(_)) if outcome == "measured" => "measured, no baseline".into(),
        (None, _) => outcome,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plot::{WIDE, failing};
    use crate::{fixture, section};

    #[test]
    fn a_row_without_a_bar_has_a_text() {
        let run = fixture::synthetic_run();
        let sections = section::sections(&run);
        let labels: Vec<String> = sections.iter().flat_map(|section| &section.rows).map(label).collect();
        for expected in
            ["0", "+444", "-21,000, refused EPERM", "failed", "unsupported", "skipped", "baseline: 109,000"]
        {
            assert!(labels.iter().any(|label| label == expected), "{expected}: {labels:?}");
        }
    }

    #[test]
    fn a_bar_is_as_long_as_the_hook() {
        let run = fixture::divided_run();
        let section = &section::sections(&run)[0];
        let row = section.rows.iter().find(|row| row.monitor() == "bpf-lsm+count").unwrap();
        assert_eq!((positive_cost(row), label(row)), (Some(178), "178 (98 %)".into()));
        assert!(costs_title(section).starts_with("instructions that the hook of each monitor takes in one"));
    }

    #[test]
    fn a_placebo_has_no_bar() {
        let run = fixture::placebo_run();
        let ranked = ranked(&section::sections(&run)[0]);
        assert_eq!((ranked.rows.len(), ranked.rows.iter().any(Row::is_placebo)), (4, false));
    }

    #[test]
    fn a_backend_that_fails_anywhere_gives_an_error() {
        let run = fixture::synthetic_run();
        let picture = picture(&section::sections(&run)[0], WIDE);
        let size = (WIDE, picture.height());
        failing::at_every_shape(size, |backend| picture.draw_on::<Bar, _>(backend, 1));
    }
}
