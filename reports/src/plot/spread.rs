//! How the operations of each monitor are distributed: from the smallest to
//! the 99th percentile as a line, p50 to p90 as a box, the largest as a ring.

use hookbench_results::Summary;

use super::canvas::{self, Anchor, Canvas, Frame};
use super::colour;
use super::scale::Scale;
use crate::section::{Row, Section};
use crate::text;

/// What the marks mean; printed below the picture.
pub const LEGEND: &str = "line: min to p99; box: p50 to p90; tick and number: p50; ring: max";

/// The operations' costs under each monitor of `section`, as SVG of `width` pixels.
pub fn spread(section: &Section<'_>, width: u32) -> String {
    let summaries = || section.rows.iter().filter_map(|row| row.summary);
    let values: Vec<String> = summaries().map(|summary| text::grouped(summary.p50)).collect();
    let frame = Frame::new(section, width, &values);
    let low = summaries().map(|summary| summary.min).min().unwrap_or(0);
    let high = summaries().map(|summary| summary.max).max().unwrap_or(1);
    let scale = Scale::around(frame.left, frame.right, low, high);
    let kind = if scale.is_logarithmic() { "log scale" } else { "axis not from 0" };
    let title = format!("{} per operation ({kind})", section.clock.unit());
    canvas::draw(section, width, &title, &scale, |canvas, row, middle| marks(canvas, &scale, row, middle))
}

fn marks(canvas: &Canvas<'_>, scale: &Scale, row: &Row<'_>, middle: i32) {
    let Some(summary) = row.summary else {
        canvas.text(&row.outcome(), (scale.left + 6, middle), Anchor::Left, colour::MUTED);
        return;
    };
    let Summary { min, p50, p90, p99, max, .. } = summary;
    let [min, p50, p90, p99, max] = [min, p50, p90, p99, max].map(|value| scale.pixel(value as f64));
    let colour = colour::of(row.measurement.cell.monitor.mechanism());
    let half = canvas::ROW / 2 - 5;
    canvas.line((min, middle), (p99, middle), colour, 2);
    canvas.bar((p50, middle - half), (p90, middle + half), colour, 0.45);
    canvas.line((p50, middle - half), (p50, middle + half), colour, 3);
    canvas.ring((max, middle), colour);
    let number = text::grouped(summary.p50);
    canvas.text(&number, (canvas.right(), middle), Anchor::Right, colour::INK);
}
