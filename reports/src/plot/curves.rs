//! Parameters that grow: a curve per monitor, over the parameter's values.

use plotters::prelude::*;

use super::{colour, font};
use crate::sweep::{Curve, Sweep};

const HEIGHT: u32 = 340;
const MARGIN: i32 = 10;
/// Room for the labels of the axes, in pixels.
const LEFT: i32 = 78;
const BOTTOM: i32 = 40;
/// Room for a line of the legend, in pixels.
const LEGEND: i32 = 18;
const LETTERS: f64 = 13.0;

/// The curves of `sweep`, as SVG of `width` pixels.
pub fn curves(sweep: &Sweep, width: u32) -> String {
    let mut svg = String::new();
    font::register();
    // Into memory: what can fail is a range without a number, which has no curve.
    let _ = draw(sweep, width, &mut svg);
    svg
}

type Failure = DrawingAreaErrorKind<<SVGBackend<'static> as DrawingBackend>::ErrorType>;

fn draw(sweep: &Sweep, width: u32, svg: &mut String) -> Result<(), Failure> {
    let legend = LEGEND * i32::try_from(sweep.curves.len()).unwrap_or(i32::MAX / LEGEND);
    let height = HEIGHT.saturating_add(legend.unsigned_abs());
    let area = SVGBackend::with_string(svg, (width, height)).into_drawing_area();
    let (top, bottom) = area.split_vertically(HEIGHT);
    let letters = (font::FAMILY, LETTERS * 1.24).into_font().color(&colour::MUTED);
    let (across, up) = ranges(sweep);
    let mut chart = ChartBuilder::on(&top)
        .margin(MARGIN)
        .x_label_area_size(BOTTOM)
        .y_label_area_size(LEFT)
        .build_cartesian_2d(across, up)?;
    chart
        .configure_mesh()
        .light_line_style(colour::GRID.mix(0.0))
        .bold_line_style(colour::GRID)
        .axis_style(colour::MUTED)
        .label_style(letters.clone())
        .x_desc(sweep.param.clone())
        .x_label_formatter(&|value| format!("{value:.0}"))
        .y_label_formatter(&|value| crate::text::signed(*value as i64).trim_start_matches('+').to_string())
        .draw()?;
    for (index, curve) in sweep.curves.iter().enumerate() {
        let colour = colour_of(sweep, index);
        let points: Vec<(f64, f64)> = curve.points.iter().map(|(x, y)| (f64::from(*x), *y as f64)).collect();
        chart.draw_series(LineSeries::new(points.iter().copied(), colour.stroke_width(2)))?;
        chart.draw_series(points.iter().map(|point| Circle::new(*point, 3, colour.filled())))?;
        let y = i32::try_from(index).unwrap_or(0) * LEGEND + LEGEND / 2;
        bottom.draw(&PathElement::new([(LEFT, y), (LEFT + 24, y)], colour.stroke_width(2)))?;
        let words = format!("{}: {} a step", curve.monitor, crate::sweep::shown(curve.slope()));
        bottom.draw(&Text::new(words, (LEFT + 32, y - LETTERS as i32 / 2), letters.clone()))?;
    }
    area.present()
}

/// From the least to the most, with room for a line that does not rise.
fn ranges(sweep: &Sweep) -> (std::ops::Range<f64>, std::ops::Range<f64>) {
    let points = || sweep.curves.iter().flat_map(|Curve { points, .. }| points);
    let of = |pick: fn(&(u32, i64)) -> f64| {
        let numbers = points().map(pick);
        numbers.fold((f64::MAX, f64::MIN), |(low, high), number| (low.min(number), high.max(number)))
    };
    let ((left, right), (low, high)) = (of(|(x, _)| f64::from(*x)), of(|(_, y)| *y as f64));
    let room = ((high - low) * 0.05).max(1.0);
    (left..right.max(left + 1.0), low - room..high + room)
}

/// The mechanism's colour, unless another curve of this picture has it already.
fn colour_of(sweep: &Sweep, index: usize) -> RGBColor {
    let mechanism = |curve: &Curve| curve.monitor.split(['+', '[']).next().unwrap_or_default().to_string();
    let own = mechanism(&sweep.curves[index]);
    match sweep.curves[..index].iter().filter(|curve| mechanism(curve) == own).count() {
        0 => colour::of_mechanism(&own),
        before => colour::spare(index + before),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{fixture, section, sweep};

    #[test]
    fn a_curve_has_its_points_and_its_slope() {
        let run = fixture::swept_run();
        let sweeps = sweep::sweeps(&run, &section::sections(&run));
        let svg = curves(&sweeps[0], super::super::WIDE);
        assert_eq!(svg.matches("<circle").count(), 4);
        assert!(svg.contains("lsm+idle: +10.0 a step") && svg.contains("modules"), "{svg}");
    }
}
