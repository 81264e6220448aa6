//! What monitors add from one run or kernel to the next: a line per monitor.

use plotters::prelude::*;

use super::{colour, font};
use crate::history::{MonitorHistory, OperationHistory};
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
pub fn history(history: &OperationHistory, width: u32) -> String {
    font::register();
    let mut svg = String::new();
    // Into memory: what can fail is a range without a number, which has no line.
    let _ = draw(history, width, &mut svg);
    super::alone(&svg, &history.title())
}

type Failure = DrawingAreaErrorKind<<SVGBackend<'static> as DrawingBackend>::ErrorType>;

type Area<'a> = DrawingArea<SVGBackend<'a>, plotters::coord::Shift>;

fn draw(history: &OperationHistory, width: u32, svg: &mut String) -> Result<(), Failure> {
    let lines: Vec<&MonitorHistory> = history.monitors().collect();
    let legend = LEGEND * i32::try_from(lines.len() + 1).unwrap_or(i32::MAX / LEGEND);
    let height = HEIGHT.saturating_add(legend.unsigned_abs());
    let area = SVGBackend::with_string(svg, (width, height)).into_drawing_area();
    let (top, bottom) = area.split_vertically(HEIGHT);
    let letters = ("sans-serif", LETTERS * 1.24).into_font().color(&colour::MUTED);
    let last = i32::try_from(history.labels.len()).unwrap_or(i32::MAX) - 1;
    let mut chart = ChartBuilder::on(&top)
        .margin(MARGIN)
        .caption(format!("{} (clock: {})", history.place(), history.clock.name()), letters.clone())
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
        let (colour, shape) = (colour::of_mechanism(mechanism(line)), shape(&lines, index));
        // A line is not drawn over what was not measured.
        for part in line.points.split(|(_, point)| point.added.is_none()) {
            let points = || part.iter().filter_map(|(at, point)| Some((*at, point.added? as f64)));
            chart.draw_series(LineSeries::new(points(), colour.stroke_width(2)))?;
            for point in points() {
                mark(&area, shape, chart.backend_coord(&point), colour)?;
            }
        }
        let y = i32::try_from(index).unwrap_or(0) * LEGEND + LEGEND / 2;
        bottom.draw(&PathElement::new([(LEFT, y), (LEFT + 24, y)], colour.stroke_width(2)))?;
        mark(&bottom, shape, (LEFT + 12, y), colour)?;
        let at = (LEFT + 32, y - LETTERS as i32 / 2);
        bottom.draw(&Text::new(words(history, line), at, letters.clone()))?;
    }
    area.present()
}

/// `bpf-lsm+count: +392 at 7.3`: the last number there is.
fn words(history: &OperationHistory, line: &MonitorHistory) -> String {
    let last =
        line.points.iter().rev().find_map(|(at, point)| Some((usize::try_from(*at).ok()?, point.added?)));
    let (at, added) = last.unwrap_or_default();
    let label = history.labels.get(at).map_or("", String::as_str);
    format!("{}: {} at {label}", line.monitor, text::signed(added))
}

/// From the least, or nothing, to the most.
fn range(lines: &[&MonitorHistory]) -> std::ops::Range<f64> {
    let numbers = lines.iter().flat_map(|line| &line.points).filter_map(|(_, point)| point.added);
    let (low, high) = numbers
        .fold((0.0_f64, 1.0_f64), |(low, high), number| (low.min(number as f64), high.max(number as f64)));
    let room = (high - low) * 0.05;
    (if low < 0.0 { low - room } else { 0.0 })..high + room
}

fn mechanism(line: &MonitorHistory) -> &str {
    line.monitor.split(['+', '[']).next().unwrap_or_default()
}

/// Which shape the points of a line have: lines of one mechanism, and so one colour,
/// are told apart by it.
fn shape(lines: &[&MonitorHistory], index: usize) -> usize {
    lines[..index].iter().filter(|line| mechanism(line) == mechanism(lines[index])).count()
}

/// Draws a point.
fn mark(area: &Area<'_>, shape: usize, at: (i32, i32), colour: RGBColor) -> Result<(), Failure> {
    match shape % 5 {
        0 => area.draw(&Circle::new(at, 3, colour.filled())),
        1 => area.draw(&Circle::new(at, 4, colour.stroke_width(1))),
        2 => area.draw(&TriangleMarker::new(at, 5, colour.filled())),
        3 => area.draw(&Cross::new(at, 4, colour.stroke_width(2))),
        _ => area.draw(&TriangleMarker::new(at, 6, colour.stroke_width(1))),
    }
}
