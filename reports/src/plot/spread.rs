//! How the operations under each monitor are distributed around their own median: a
//! line from the smallest to the 99th percentile, a box from p50 to p90, a ring for the
//! largest. The medians differ by orders of magnitude: on one axis with them, every
//! distribution would be a point.

use hookbench_analysis::Summary;
use plotters::prelude::DrawingBackend;

use super::canvas::{self, Anchor, Canvas, Marks, RowPicture};
use super::colour;
use super::error::{DrawError, Drawn};
use super::scale::Scale;
use crate::section::{Row, Section};
use crate::text;

/// The meaning of the marks, for the caption.
pub const LEGEND: &str =
    "Tick: the median (number to the right); line: min to p99; box: p50 to p90; ring: max";

/// How the operations under each monitor of `section` differ from their median, as SVG
/// of `width` pixels.
///
/// # Errors
/// When plotters fails to draw.
pub fn spread(section: &Section<'_>, width: u32) -> Result<String, DrawError> {
    picture(section, width).svg::<Spread>()
}

/// The title of the picture that [`spread`] draws, in one line.
pub fn spread_title(section: &Section<'_>) -> String {
    let (operation, place) = (section.operation(), section.place());
    format!(
        "{} by which one {operation} differs from its median under each monitor ({place}, clock: {})",
        section.clock.unit(),
        section.clock.name()
    )
}

fn picture<'a>(section: &Section<'a>, width: u32) -> RowPicture<'a> {
    let summaries = || section.rows.iter().filter_map(|row| row.summary);
    let medians: Vec<String> = summaries().map(|summary| text::grouped(summary.p50)).collect();
    let (left, right) = canvas::axis_ends(section, width, &medians);
    let low = summaries().map(|summary| from_median(&summary, summary.min)).fold(0.0, f64::min);
    let high = summaries().map(|summary| from_median(&summary, summary.max)).fold(0.0, f64::max);
    let title = format!("{} from the monitor's own p50 (log scale)", section.clock.unit());
    let scale = Scale::deviations(left, right, low, high);
    RowPicture { section: section.clone(), width, title, scale }
}

/// The marks of a row: line, box, tick, ring and the median as a number.
struct Spread;

impl Marks for Spread {
    fn draw<B: DrawingBackend>(canvas: &Canvas<B>, scale: &Scale, row: &Row<'_>, middle: i32) -> Drawn<B> {
        let Some(summary) = row.summary else {
            return canvas.text(&row.outcome(), (scale.left + 6, middle), Anchor::Left, colour::MUTED);
        };
        let Summary { min, p50, p90, p99, max, .. } = summary;
        let [min, p50, p90, p99, max] =
            [min, p50, p90, p99, max].map(|value| scale.pixel(from_median(&summary, value)));
        let colour = colour::of_mechanism(row.measurement.cell.monitor.mechanism());
        let half = canvas::ROW / 2 - 5;
        canvas.line((min, middle), (p99, middle), colour, 2)?;
        canvas.bar((p50, middle - half), (p90, middle + half), colour, 0.45)?;
        canvas.line((p50, middle - half), (p50, middle + half), colour, 3)?;
        canvas.ring((max, middle), colour)?;
        let median = text::grouped(summary.p50);
        canvas.text(&median, (canvas.right(), middle), Anchor::Right, colour::INK)
    }
}

fn from_median(summary: &Summary, value: u64) -> f64 {
    value as f64 - summary.p50 as f64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plot::{NARROW, failing};
    use crate::{fixture, section};

    #[test]
    fn a_backend_that_fails_anywhere_gives_an_error() {
        let run = fixture::synthetic_run();
        let picture = picture(&section::sections(&run)[0], NARROW);
        let size = (NARROW, picture.height());
        failing::at_every_shape(size, |backend| picture.draw_on::<Spread, _>(backend, 1));
    }
}
