//! Costs over a numeric parameter: a curve per monitor.

use plotters::prelude::*;

use super::chart::{self, Area};
use super::colour;
use super::error::{DrawError, Drawn};
use crate::sweep::{self, Curve, Sweep};
use crate::text;

const HEIGHT: u32 = 340;
/// The width and height that the labels of the axes take, in pixels.
const LEFT: i32 = 78;
const BOTTOM: i32 = 40;

/// The curves of `sweep`, as SVG of `width` pixels.
///
/// # Errors
/// When plotters fails to draw.
pub fn curves(sweep: &Sweep, width: u32) -> Result<String, DrawError> {
    chart::svg(&sweep.title(), (width, HEIGHT), sweep.curves.len(), |chart, legend| {
        draw(sweep, chart, legend)
    })
}

fn draw<B: DrawingBackend>(sweep: &Sweep, area: &Area<B>, legend: &Area<B>) -> Drawn<B> {
    let (across, up) = ranges(sweep);
    let mut chart = ChartBuilder::on(area)
        .margin(chart::MARGIN)
        .x_label_area_size(BOTTOM)
        .y_label_area_size(LEFT)
        .build_cartesian_2d(across, up)?;
    chart
        .configure_mesh()
        .light_line_style(colour::GRID.mix(0.0))
        .bold_line_style(colour::GRID)
        .axis_style(colour::MUTED)
        .label_style(chart::letters())
        .x_desc(sweep.param.clone())
        .x_label_formatter(&|value| format!("{value:.0}"))
        .y_label_formatter(&|value| text::unsigned_if_positive(*value as i64))
        .draw()?;
    for (index, curve) in sweep.curves.iter().enumerate() {
        let colour = colour_of_curve(sweep, index);
        let points: Vec<(f64, f64)> = curve.points.iter().map(|(x, y)| (f64::from(*x), *y as f64)).collect();
        chart.draw_series(LineSeries::new(points.iter().copied(), colour.stroke_width(2)))?;
        chart.draw_series(points.iter().map(|point| Circle::new(*point, 3, colour.filled())))?;
        let words = format!("{}: {} a step", curve.monitor, sweep::format_slope(curve.slope()));
        let start = (LEFT, chart::legend_middle(index));
        chart::legend_stroke(legend, start, colour)?;
        chart::legend_words(legend, start, words)?;
    }
    Ok(())
}

/// The ranges of the axes: all points, with room for a curve that is flat.
fn ranges(sweep: &Sweep) -> (std::ops::Range<f64>, std::ops::Range<f64>) {
    let points = || sweep.curves.iter().flat_map(|Curve { points, .. }| points);
    let bounds = |pick: fn(&(u32, i64)) -> f64| {
        let numbers = points().map(pick);
        numbers.fold((f64::MAX, f64::MIN), |(low, high), number| (low.min(number), high.max(number)))
    };
    let ((left, right), (low, high)) = (bounds(|(x, _)| f64::from(*x)), bounds(|(_, y)| *y as f64));
    let room = ((high - low) * 0.05).max(1.0);
    (left..right.max(left + 1.0), low - room..high + room)
}

/// The mechanism's colour, unless another curve of this picture has it already.
fn colour_of_curve(sweep: &Sweep, index: usize) -> RGBColor {
    let mechanism = |curve: &Curve| colour::mechanism_of(&curve.monitor).to_string();
    let own = mechanism(&sweep.curves[index]);
    match sweep.curves[..index].iter().filter(|curve| mechanism(curve) == own).count() {
        0 => colour::of_mechanism(&own),
        before => colour::spare(index + before),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plot::{WIDE, failing};
    use crate::{fixture, section};

    fn swept() -> Sweep {
        let run = fixture::swept_run();
        sweep::sweeps(&run, &section::sections(&run)).remove(0)
    }

    #[test]
    fn a_curve_has_its_points_and_its_slope() {
        let svg = curves(&swept(), WIDE).unwrap();
        assert_eq!(svg.matches("<circle").count(), 4);
        assert!(svg.contains("lsm+idle: +10.0 a step") && svg.contains("modules"), "{svg}");
    }

    #[test]
    fn a_backend_that_fails_anywhere_gives_an_error() {
        let sweep = swept();
        failing::at_every_shape((WIDE, HEIGHT + 18), |backend| {
            chart::draw_on("the curves", backend, HEIGHT, |area, legend| draw(&sweep, area, legend))
        });
    }
}
