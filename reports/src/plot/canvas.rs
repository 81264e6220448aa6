//! A picture being drawn: the four shapes that the plots need, in pixels, on any of
//! plotters' backends, and the frame of rows that both plots share.

use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::scale::Scale;
use super::{colour, font};
use crate::section::{Row, Section};

/// The height of a row, in pixels.
pub(super) const ROW: i32 = 24;
/// The size of text, in pixels.
const TEXT: f64 = 13.0;
/// What a character takes, on average, in pixels; no font is measured here.
const CHARACTER: f64 = 7.1;
const TOP: i32 = 30;
const BOTTOM: i32 = 26;
const MARGIN: i32 = 8;

/// Where text stands in relation to its point.
#[derive(Debug, Clone, Copy)]
pub(super) enum Anchor {
    Left,
    Middle,
    Right,
}

/// A picture: rows of monitors, their names to the left, an axis below.
pub(super) struct Canvas<B: DrawingBackend> {
    area: DrawingArea<B, Shift>,
    width: i32,
    height: i32,
    /// How many of the backend's pixels are one of ours.
    factor: i32,
}

/// What the rows' names and values leave for the plot, in pixels.
#[derive(Debug, Clone, Copy)]
pub(super) struct Frame {
    /// The axis' left end.
    pub left: i32,
    /// Its right end.
    pub right: i32,
}

impl Frame {
    /// The frame of a picture of `width`, with room for `values` to the right.
    pub(super) fn new(section: &Section<'_>, width: u32, values: &[String]) -> Frame {
        let width = i32::try_from(width).unwrap_or(i32::MAX);
        let names = section.rows.iter().map(|row| text_width(&row.monitor())).max().unwrap_or(0);
        let values = values.iter().map(|value| text_width(value)).max().unwrap_or(0);
        let left = names.min(width * 2 / 5) + 2 * MARGIN;
        let right = width - values.min(width * 3 / 10) - 3 * MARGIN;
        Frame { left, right }
    }
}

/// What a picture of a section shows, whatever it is drawn on.
pub(super) trait Rows {
    /// Its title, in it.
    fn title(&self) -> &str;
    /// Its axis.
    fn scale(&self) -> &Scale;
    /// Draws one row of the section, in the middle of its height.
    fn row<B: DrawingBackend>(&self, canvas: &Canvas<B>, row: &Row<'_>, middle: i32);
}

/// The height of a picture of `section`, in pixels.
pub(super) fn height(section: &Section<'_>) -> u32 {
    let rows = i32::try_from(section.rows.len()).unwrap_or(0);
    (TOP + rows * ROW + BOTTOM).unsigned_abs()
}

/// Draws `section`'s rows as SVG of `width` pixels.
pub(super) fn svg(section: &Section<'_>, width: u32, rows: &impl Rows) -> String {
    font::register();
    let mut svg = String::new();
    let backend = SVGBackend::with_string(&mut svg, (width, height(section)));
    draw(backend, section, width, 1, rows);
    svg
}

/// Draws `section`'s rows, their names and the axis; `factor` of the backend's pixels
/// are one of the picture's `width`.
pub(super) fn draw(
    backend: impl DrawingBackend,
    section: &Section<'_>,
    width: u32,
    factor: u32,
    rows: &impl Rows,
) {
    let pixels = |number: u32| i32::try_from(number).unwrap_or(i32::MAX);
    let area = backend.into_drawing_area();
    let canvas =
        Canvas { area, width: pixels(width), height: pixels(height(section)), factor: pixels(factor) };
    canvas.text(rows.title(), (MARGIN, TOP / 2), Anchor::Left, colour::MUTED);
    canvas.axis(rows.scale());
    for (index, entry) in (0..).zip(&section.rows) {
        let middle = TOP + index * ROW + ROW / 2;
        let left = rows.scale().left;
        let name = canvas.fitting(&entry.monitor(), left - 2 * MARGIN);
        canvas.text(&name, (left - MARGIN, middle), Anchor::Right, colour::INK);
        rows.row(&canvas, entry, middle);
    }
    // Into memory: nothing that could fail.
    let _ = canvas.area.present();
}

/// About how wide `text` is, in pixels.
pub(super) fn text_width(text: &str) -> i32 {
    (text.chars().count() as f64 * CHARACTER) as i32
}

impl<B: DrawingBackend> Canvas<B> {
    fn at(&self, (x, y): (i32, i32)) -> (i32, i32) {
        (x * self.factor, y * self.factor)
    }

    /// The right end of what may be drawn on.
    pub(super) fn right(&self) -> i32 {
        self.width - MARGIN
    }

    /// `text` cut to what `width` pixels hold.
    pub(super) fn fitting(&self, text: &str, width: i32) -> String {
        if text_width(text) <= width + MARGIN {
            return text.into();
        }
        let room = (f64::from(width.max(0)) / CHARACTER) as usize;
        text.chars().take(room.saturating_sub(1)).chain(['…']).collect()
    }

    /// One line of text, centred on its point from top to bottom.
    pub(super) fn text(&self, text: &str, at: (i32, i32), anchor: Anchor, colour: RGBColor) {
        let across = match anchor {
            Anchor::Left => HPos::Left,
            Anchor::Middle => HPos::Center,
            Anchor::Right => HPos::Right,
        };
        // plotters writes a font-size of its size / 1.24.
        let style = (font::FAMILY, TEXT * 1.24 * f64::from(self.factor))
            .into_font()
            .color(&colour)
            .pos(Pos::new(across, VPos::Center));
        let _ = self.area.draw(&Text::new(text.to_string(), self.at(at), style));
    }

    /// A filled rectangle between two corners.
    pub(super) fn bar(&self, from: (i32, i32), to: (i32, i32), colour: RGBColor, opacity: f64) {
        let _ = self.area.draw(&Rectangle::new([self.at(from), self.at(to)], colour.mix(opacity).filled()));
    }

    /// A straight line.
    pub(super) fn line(&self, from: (i32, i32), to: (i32, i32), colour: RGBColor, width: u32) {
        let _ = self.area.draw(&PathElement::new(
            [self.at(from), self.at(to)],
            colour.stroke_width(width * self.factor.unsigned_abs()),
        ));
    }

    /// A small circle that is not filled.
    pub(super) fn ring(&self, at: (i32, i32), colour: RGBColor) {
        let _ = self.area.draw(&Circle::new(
            self.at(at),
            3 * self.factor,
            colour.stroke_width(self.factor.unsigned_abs()),
        ));
    }

    fn axis(&self, scale: &Scale) {
        let bottom = self.height - BOTTOM;
        for (value, label) in scale.ticks() {
            let x = scale.pixel(value);
            self.line((x, TOP), (x, bottom), colour::GRID, 1);
            self.text(&label, (x, bottom + BOTTOM / 2), Anchor::Middle, colour::MUTED);
        }
        self.line((scale.left, TOP), (scale.left, bottom), colour::MUTED, 1);
    }
}
