//! What pictures with lines share: a chart with a legend below it, and the style of
//! their text. The lines and the axes are those of each picture.

use plotters::coord::Shift;
use plotters::prelude::*;

use super::error::{DrawError, Drawn};
use super::{colour, font};

/// A part of a picture that can be drawn on.
pub(super) type Area<B> = DrawingArea<B, Shift>;

/// The margin around the chart, in pixels.
pub(super) const MARGIN: i32 = 10;
/// The height of a line of the legend, in pixels.
const LEGEND_LINE: i32 = 18;
/// The size of text, in pixels.
const LETTERS: f64 = 13.0;

/// Draws an SVG of `width` pixels, `chart` pixels high, with room below for
/// `legend_lines` lines. `draw` gets the chart and the legend.
///
/// # Errors
/// When `draw` or plotters fails; `title` is what the error names.
pub(super) fn svg<F>(
    title: &str,
    (width, chart): (u32, u32),
    legend_lines: usize,
    draw: F,
) -> Result<String, DrawError>
where
    F: for<'a> FnOnce(&Area<SVGBackend<'a>>, &Area<SVGBackend<'a>>) -> Drawn<SVGBackend<'a>>,
{
    let mut svg = String::new();
    let size = (width, chart.saturating_add(legend_height(legend_lines)));
    draw_on(title, SVGBackend::with_string(&mut svg, size), chart, draw)?;
    Ok(svg)
}

/// The same on any of plotters' backends.
///
/// # Errors
/// As [`svg`].
pub(super) fn draw_on<B: DrawingBackend>(
    title: &str,
    backend: B,
    chart: u32,
    draw: impl FnOnce(&Area<B>, &Area<B>) -> Drawn<B>,
) -> Result<(), DrawError> {
    font::register()?;
    let area = backend.into_drawing_area();
    let (top, bottom) = area.split_vertically(chart);
    let drawn = draw(&top, &bottom).and_then(|()| area.present());
    drawn.map_err(|cause| DrawError::new(title, cause))
}

/// The height of a legend of so many lines, in pixels.
fn legend_height(lines: usize) -> u32 {
    let lines = i32::try_from(lines).unwrap_or(i32::MAX / LEGEND_LINE);
    LEGEND_LINE.saturating_mul(lines).unsigned_abs()
}

/// The style of labels and legends.
pub(super) fn letters() -> TextStyle<'static> {
    // plotters divides the size by 1.24 before it writes it as font-size.
    (font::FAMILY, LETTERS * 1.24).into_font().color(&colour::MUTED)
}

/// The vertical middle of line `index` of the legend.
pub(super) fn legend_middle(index: usize) -> i32 {
    i32::try_from(index).unwrap_or(0) * LEGEND_LINE + LEGEND_LINE / 2
}

/// Draws the stroke of a line of the legend, from the pixel `left` on.
pub(super) fn legend_stroke<B: DrawingBackend>(
    legend: &Area<B>,
    (left, middle): (i32, i32),
    colour: RGBColor,
) -> Drawn<B> {
    legend.draw(&PathElement::new([(left, middle), (left + 24, middle)], colour.stroke_width(2)))
}

/// Draws the words of a line of the legend, behind its stroke.
pub(super) fn legend_words<B: DrawingBackend>(
    legend: &Area<B>,
    (left, middle): (i32, i32),
    words: String,
) -> Drawn<B> {
    legend.draw(&Text::new(words, (left + 32, middle - LETTERS as i32 / 2), letters()))
}
