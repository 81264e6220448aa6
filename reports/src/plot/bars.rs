//! What each monitor adds to one operation: bars on a logarithmic axis. What
//! such an axis has no place for (nothing, less than nothing, no number at
//! all) is said in words where the bar would begin.

use hookbench_results::Outcome;
use plotters::prelude::DrawingBackend;

use super::canvas::{self, Anchor, Canvas, Frame, Rows};
use super::colour;
use super::scale::Scale;
use crate::section::{Row, Section};
use crate::text;

/// The bars of a section.
struct Bars {
    title: String,
    scale: Scale,
}

/// What each monitor of `section` adds to an operation, as SVG of `width` pixels.
/// What is unsupported or skipped has no place in a ranking and is in the tables;
/// what failed has one, so that nobody overlooks it.
pub fn added(section: &Section<'_>, width: u32) -> String {
    let section = &ranked(section);
    canvas::svg(section, width, &Bars::of(section, width))
}

/// The same on another of plotters' backends, which `backend` makes for a height:
/// `factor` of its pixels are one of the picture's.
pub(super) fn added_on<B: DrawingBackend>(
    section: &Section<'_>,
    width: u32,
    factor: u32,
    backend: impl FnOnce(u32) -> B,
) {
    let section = &ranked(section);
    let height = canvas::height(section);
    canvas::draw(backend(height), section, width, factor, &Bars::of(section, width));
}

fn ranked<'a>(section: &Section<'a>) -> Section<'a> {
    let ranked =
        |row: &&Row<'_>| row.summary.is_some() || matches!(row.measurement.outcome, Outcome::Failed(_));
    let rows = section.rows.iter().filter(ranked).cloned().collect();
    Section { rows, cell: section.cell.clone(), clock: section.clock }
}

impl Bars {
    fn of(section: &Section<'_>, width: u32) -> Bars {
        let bars = section.rows.iter().filter(|row| height(row).is_some());
        let frame = Frame::new(section, width, &bars.map(words).collect::<Vec<_>>());
        let highest = section.rows.iter().filter_map(height).max().unwrap_or(10);
        let scale = Scale::costs(frame.left, frame.right, highest);
        let (operation, place) = (section.operation(), section.place());
        let long = format!("{} added to one {operation}, {place} (log scale)", section.clock.unit());
        let short = format!("{} added per operation (log scale)", section.clock.unit());
        let title = if canvas::text_width(&long) < width as i32 { long } else { short };
        Bars { title, scale }
    }
}

impl Rows for Bars {
    fn title(&self) -> &str {
        &self.title
    }

    fn scale(&self) -> &Scale {
        &self.scale
    }

    fn row<B: DrawingBackend>(&self, canvas: &Canvas<B>, row: &Row<'_>, middle: i32) {
        bar(canvas, &self.scale, row, middle);
    }
}

/// What a bar shows: a cost that is more than nothing.
fn height(row: &Row<'_>) -> Option<u64> {
    row.added.and_then(|added| u64::try_from(added.p50).ok()).filter(|cost| *cost > 0)
}

fn bar<B: DrawingBackend>(canvas: &Canvas<B>, scale: &Scale, row: &Row<'_>, middle: i32) {
    let colour = colour::of_mechanism(row.measurement.cell.monitor.mechanism());
    let half = canvas::ROW / 2 - 4;
    let end = height(row).map_or(scale.left, |cost| scale.pixel(cost as f64).max(scale.left + 2));
    if end > scale.left {
        canvas.bar((scale.left, middle - half), (end, middle + half), colour, 1.0);
    }
    let ink = if row.added.is_some() { colour::INK } else { colour::MUTED };
    let words = canvas.fitting(&words(row), canvas.right() - end - 6);
    canvas.text(&words, (end + 6, middle), Anchor::Left, ink);
}

/// The number beside the bar, or what there is instead of one.
fn words(row: &Row<'_>) -> String {
    let refused = row.measured().map(text::refused).unwrap_or_default();
    match (row.added, row.summary) {
        (Some(_), Some(summary)) if row.measurement.cell.monitor.is_none() => {
            format!("baseline: {}", text::grouped(summary.p50))
        }
        (Some(added), _) if refused.is_empty() => text::signed(added.p50),
        (Some(added), _) => format!("{}, {refused}", text::signed(added.p50)),
        (None, Some(_)) => "measured, no baseline".into(),
        (None, None) => row.outcome(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{fixture, section};

    #[test]
    fn what_has_no_bar_is_said_in_words() {
        let run = fixture::synthetic_run();
        let sections = section::sections(&run);
        let words: Vec<String> = sections.iter().flat_map(|section| &section.rows).map(words).collect();
        for expected in
            ["0", "+444", "-21,000, refused EPERM", "failed", "unsupported", "skipped", "baseline: 109,000"]
        {
            assert!(words.iter().any(|word| word == expected), "{expected}: {words:?}");
        }
    }
}
