//! What monitors add from one run or kernel to the next: a line per monitor.

use plotters::prelude::*;

use super::colour;
use crate::history::{History, Line};
use crate::text;

const HEIGHT: u32 = 380;
const MARGIN: i32 = 10;
/// Room for the labels of the axes, in pixels.
const LEFT: i32 = 88;
const BOTTOM: i32 = 44;
/// Room for a line of the legend, in pixels.
const LEGEND: i32 = 18;
const LETTERS: f64 = 13.0;
/// A label below the axis is cut after so many characters.
const LONGEST_LABEL: usize = 14;

/// The lines of `history` as an SVG file of `width` pixels, on a light background.
pub fn history(history: &History, width: u32) -> String {
    let mut svg = String::new();
    // Into memory: what can fail is a range without a number, which has no line.
    let _ = draw(history, width, &mut svg);
    super::alone(&svg, &history.title())
}

type Failure = DrawingAreaErrorKind<<SVGBackend<'static> as DrawingBackend>::ErrorType>;

fn draw(history: &History, width: u32, svg: &mut String) -> Result<(), Failure> {
    let lines: Vec<&Line> = history.monitors().collect();
    let legend = LEGEND * i32::try_from(lines.len() + 1).unwrap_or(i32::MAX / LEGEND);
    let height = HEIGHT.saturating_add(legend.unsigned_abs());
    let area = SVGBackend::with_string(svg, (width, height)).into_drawing_area();
    let (top, bottom) = area.split_vertically(HEIGHT);
    let letters = ("sans-serif", LETTERS * 1.24).into_font().color(&colour::MUTED);
    let last = i32::try_from(history.labels.len()).unwrap_or(i32::MAX) - 1;
    let mut chart = ChartBuilder::on(&top)
        .margin(MARGIN)
        .x_label_area_size(BOTTOM)
        .y_label_area_size(LEFT)
        .build_cartesian_2d(0..last.max(1), range(&lines))?;
    let label = |at: &i32| {
        let label = usize::try_from(*at).ok().and_then(|at| history.labels.get(at));
        label.map_or_else(String::new, |label| label.chars().take(LONGEST_LABEL).collect())
    };
    chart
        .configure_mesh()
        .light_line_style(colour::GRID.mix(0.0))
        .bold_line_style(colour::GRID)
        .axis_style(colour::MUTED)
        .label_style(letters.clone())
        .x_labels(history.labels.len().min(12))
        .x_label_formatter(&label)
        .y_desc(format!("{} added to none", history.clock.unit()))
        .y_label_formatter(&|value| text::signed(*value as i64))
        .draw()?;
    for (index, line) in lines.iter().enumerate() {
        let colour = colour_of(&lines, index);
        // A line is not drawn over what was not measured.
        for part in line.points.split(|(_, point)| point.added.is_none()) {
            let points = || part.iter().filter_map(|(at, point)| Some((*at, point.added? as f64)));
            chart.draw_series(LineSeries::new(points(), colour.stroke_width(2)))?;
            chart.draw_series(points().map(|point| Circle::new(point, 3, colour.filled())))?;
        }
        let y = i32::try_from(index).unwrap_or(0) * LEGEND + LEGEND / 2;
        bottom.draw(&PathElement::new([(LEFT, y), (LEFT + 24, y)], colour.stroke_width(2)))?;
        let at = (LEFT + 32, y - LETTERS as i32 / 2);
        bottom.draw(&Text::new(line.monitor.clone(), at, letters.clone()))?;
    }
    area.present()
}

/// From the least, or nothing, to the most.
fn range(lines: &[&Line]) -> std::ops::Range<f64> {
    let numbers = lines.iter().flat_map(|line| &line.points).filter_map(|(_, point)| point.added);
    let (low, high) = numbers
        .fold((0.0_f64, 1.0_f64), |(low, high), number| (low.min(number as f64), high.max(number as f64)));
    let room = (high - low) * 0.05;
    (if low < 0.0 { low - room } else { 0.0 })..high + room
}

/// The mechanism's colour, unless another line of this picture has it already.
fn colour_of(lines: &[&Line], index: usize) -> RGBColor {
    let mechanism = |line: &Line| line.monitor.split(['+', '[']).next().unwrap_or_default().to_string();
    let own = mechanism(lines[index]);
    match lines[..index].iter().filter(|line| mechanism(line) == own).count() {
        0 => colour::of(&own),
        before => colour::other(index + before),
    }
}
