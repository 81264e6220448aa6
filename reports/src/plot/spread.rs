//! How the operations under each monitor are distributed around their own
//! median: from the smallest to the 99th percentile as a line, p50 to p90 as a
//! box, the largest as a ring. The medians themselves differ by orders of
//! magnitude: on one axis with them, no distribution would be wider than a line.

use hookbench_results::Summary;
use plotters::prelude::DrawingBackend;

use super::canvas::{self, Anchor, Canvas, Frame, Rows};
use super::colour;
use super::scale::Scale;
use crate::section::{Row, Section};
use crate::text;

/// What the marks mean; printed below the picture.
pub const LEGEND: &str =
    "Tick: the median (number to the right); line: min to p99; box: p50 to p90; ring: max";

/// How the operations' costs under each monitor of `section` differ from their
/// median, as SVG of `width` pixels.
pub fn spread(section: &Section<'_>, width: u32) -> String {
    let summaries = || section.rows.iter().filter_map(|row| row.summary);
    let medians: Vec<String> = summaries().map(|summary| text::grouped(summary.p50)).collect();
    let frame = Frame::new(section, width, &medians);
    let low = summaries().map(|summary| from_median(&summary, summary.min)).fold(0.0, f64::min);
    let high = summaries().map(|summary| from_median(&summary, summary.max)).fold(0.0, f64::max);
    let scale = Scale::deviations(frame.left, frame.right, low, high);
    let title = format!("{} from the monitor's own p50 (log scale)", section.clock.unit());
    canvas::svg(section, width, &Spread { title, scale })
}

struct Spread {
    title: String,
    scale: Scale,
}

impl Rows for Spread {
    fn title(&self) -> &str {
        &self.title
    }

    fn scale(&self) -> &Scale {
        &self.scale
    }

    fn row<B: DrawingBackend>(&self, canvas: &Canvas<B>, row: &Row<'_>, middle: i32) {
        marks(canvas, &self.scale, row, middle);
    }
}

fn from_median(summary: &Summary, value: u64) -> f64 {
    value as f64 - summary.p50 as f64
}

fn marks<B: DrawingBackend>(canvas: &Canvas<B>, scale: &Scale, row: &Row<'_>, middle: i32) {
    let Some(summary) = row.summary else {
        canvas.text(&row.outcome(), (scale.left + 6, middle), Anchor::Left, colour::MUTED);
        return;
    };
    let Summary { min, p50, p90, p99, max, .. } = summary;
    let [min, p50, p90, p99, max] =
        [min, p50, p90, p99, max].map(|value| scale.pixel(from_median(&summary, value)));
    let colour = colour::of_mechanism(row.measurement.cell.monitor.mechanism());
    let half = canvas::ROW / 2 - 5;
    canvas.line((min, middle), (p99, middle), colour, 2);
    canvas.bar((p50, middle - half), (p90, middle + half), colour, 0.45);
    canvas.line((p50, middle - half), (p50, middle + half), colour, 3);
    canvas.ring((max, middle), colour);
    let median = text::grouped(summary.p50);
    canvas.text(&median, (canvas.right(), middle), Anchor::Right, colour::INK);
}
