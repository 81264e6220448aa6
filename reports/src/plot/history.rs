//! What monitors cost from one run or kernel to the next: a line per monitor.

use plotters::prelude::*;

use super::chart::{self, Area};
use super::error::{DrawError, Drawn};
use super::{colour, svg};
use crate::history::{HistoryMeasure, HistoryPoint, MonitorHistory, OperationHistory};
use crate::text;

const HEIGHT: u32 = 380;
/// The width and height that the labels of the axes take, in pixels.
const LEFT: i32 = 88;
const BOTTOM: i32 = 44;
/// The longest label below the axis, in characters; longer ones are cut.
const LONGEST_LABEL: usize = 14;
/// How much of its colour a cost keeps that is not one of the hook, next to costs that are.
const PALE: f64 = 0.4;

/// The lines of `history` as an SVG file of `width` pixels, on a light background.
///
/// # Errors
/// When plotters fails to draw.
pub fn history(history: &OperationHistory, width: u32) -> Result<String, DrawError> {
    let title = history.title();
    let legend_lines = history.monitors().count() + 1;
    let drawn =
        chart::svg(&title, (width, HEIGHT), legend_lines, |area, legend| draw(history, area, legend))?;
    Ok(svg::standalone(&drawn, &title))
}

fn draw<B: DrawingBackend>(history: &OperationHistory, area: &Area<B>, legend: &Area<B>) -> Drawn<B> {
    let lines: Vec<&MonitorHistory> = history.monitors().collect();
    let last = i32::try_from(history.labels.len()).unwrap_or(i32::MAX) - 1;
    let mut chart = ChartBuilder::on(area)
        .margin(chart::MARGIN)
        .caption(format!("{} (clock: {})", history.place(), history.clock.name()), chart::letters())
        .x_label_area_size(BOTTOM)
        .y_label_area_size(LEFT)
        .build_cartesian_2d(0..last.max(1), value_range(&lines))?;
    let label = |at: &i32| {
        let label = usize::try_from(*at).ok().and_then(|at| history.labels.get(at));
        label.map_or_else(String::new, |label| label.chars().take(LONGEST_LABEL).collect())
    };
    chart
        .configure_mesh()
        .light_line_style(colour::GRID.mix(0.0))
        .bold_line_style(colour::GRID)
        .axis_style(colour::MUTED)
        .label_style(chart::letters())
        .x_labels(history.labels.len().min(12))
        .x_label_formatter(&label)
        .y_desc(y_axis(history))
        .y_label_formatter(&|value| y_label(history, *value as i64))
        .draw()?;
    for (index, line) in lines.iter().enumerate() {
        let colour = colour::of_mechanism(colour::mechanism_of(&line.monitor));
        let shape = marker_shape(&lines, index);
        for part in parts(line) {
            let is_pale = history.measure() == HistoryMeasure::Both && part[0].1.direct.is_none();
            let colour = colour.mix(if is_pale { PALE } else { 1.0 });
            let points = || part.iter().filter_map(|(at, point)| Some((*at, point.cost()? as f64)));
            chart.draw_series(LineSeries::new(points(), colour.stroke_width(2)))?;
            for point in points() {
                draw_marker(area, shape, chart.backend_coord(&point), colour)?;
            }
        }
        let start = (LEFT, chart::legend_middle(index));
        chart::legend_stroke(legend, start, colour)?;
        draw_marker(legend, shape, (start.0 + 12, start.1), colour.mix(1.0))?;
        chart::legend_words(legend, start, last_number(history, line))?;
    }
    Ok(())
}

/// The parts of a line that are drawn as one: places in a row that have a cost of one kind. No
/// line is drawn across a place without a measurement, or from an added cost to one of the hook.
fn parts(line: &MonitorHistory) -> impl Iterator<Item = &[(i32, HistoryPoint)]> {
    let kind = |point: HistoryPoint| (point.cost().is_some(), point.direct.is_some());
    let parts = line.points.chunk_by(move |(_, one), (_, next)| kind(*one) == kind(*next));
    parts.filter(|part| part[0].1.cost().is_some())
}

/// What the axis of the costs shows.
fn y_axis(history: &OperationHistory) -> String {
    let unit = history.clock.unit();
    match history.measure() {
        HistoryMeasure::Hook => format!("{unit} of the hook"),
        HistoryMeasure::Added => format!("{unit} added to none"),
        HistoryMeasure::Both => format!("{unit} of the hook (pale: added to none)"),
    }
}

fn y_label(history: &OperationHistory, cost: i64) -> String {
    match history.measure() {
        HistoryMeasure::Added => text::signed(cost),
        HistoryMeasure::Hook | HistoryMeasure::Both => text::unsigned_if_positive(cost),
    }
}

/// `bpf-lsm+count: 392 at 7.3`: the last number of the line.
fn last_number(history: &OperationHistory, line: &MonitorHistory) -> String {
    let last =
        line.points.iter().rev().find_map(|(at, point)| Some((usize::try_from(*at).ok()?, point.words()?)));
    let (at, cost) = last.unwrap_or_default();
    let label = history.labels.get(at).map_or("", String::as_str);
    format!("{}: {cost} at {label}", line.monitor)
}

/// From the smallest number, or zero, to the largest.
fn value_range(lines: &[&MonitorHistory]) -> std::ops::Range<f64> {
    let numbers = lines.iter().flat_map(|line| &line.points).filter_map(|(_, point)| point.cost());
    let (low, high) = numbers
        .fold((0.0_f64, 1.0_f64), |(low, high), number| (low.min(number as f64), high.max(number as f64)));
    let room = (high - low) * 0.05;
    (if low < 0.0 { low - room } else { 0.0 })..high + room
}

/// The number of the shape that marks the points of a line. Lines of one mechanism have
/// one colour and differ in their shape.
fn marker_shape(lines: &[&MonitorHistory], index: usize) -> usize {
    let mechanism = |line: &MonitorHistory| colour::mechanism_of(&line.monitor).to_string();
    lines[..index].iter().filter(|line| mechanism(line) == mechanism(lines[index])).count()
}

fn draw_marker<B: DrawingBackend>(
    area: &Area<B>,
    shape: usize,
    at: (i32, i32),
    colour: RGBAColor,
) -> Drawn<B> {
    match shape % 5 {
        0 => area.draw(&Circle::new(at, 3, colour.filled())),
        1 => area.draw(&Circle::new(at, 4, colour.stroke_width(1))),
        2 => area.draw(&TriangleMarker::new(at, 5, colour.filled())),
        3 => area.draw(&Cross::new(at, 4, colour.stroke_width(2))),
        _ => area.draw(&TriangleMarker::new(at, 6, colour.stroke_width(1))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fixture;
    use crate::history::{Along, histories};
    use crate::plot::{WIDE, failing};

    #[test]
    fn a_backend_that_fails_anywhere_gives_an_error() {
        let runs = [("one".to_string(), fixture::synthetic_run())];
        let history = histories(&runs, Along::Kernels, |_| true).remove(0);
        failing::at_every_shape((WIDE, HEIGHT + 400), |backend| {
            chart::draw_on("the history", backend, HEIGHT, |area, legend| draw(&history, area, legend))
        });
    }
}
