//! A picture with one row per monitor: the shapes that the plots need, in pixels, on any
//! of plotters' backends, and the names and the axis that all such pictures share.

use plotters::coord::Shift;
use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::error::{DrawError, Drawn};
use super::scale::Scale;
use super::{colour, font};
use crate::section::{Row, Section};

/// The width of a picture that shares a row or is shown on a phone, in pixels.
pub const NARROW: u32 = 420;
/// The width of a picture that has a row for itself, in pixels.
pub const WIDE: u32 = 860;
/// The height of a row, in pixels.
pub(super) const ROW: i32 = 24;
/// The size of text, in pixels.
const TEXT: f64 = 13.0;
/// The average width of a character, in pixels; no font is measured here.
const CHARACTER: f64 = 7.1;
const TOP: i32 = 30;
const BOTTOM: i32 = 26;
const MARGIN: i32 = 8;

/// The part of a text that is placed on its point.
#[derive(Debug, Clone, Copy)]
pub(super) enum Anchor {
    Left,
    Middle,
    Right,
}

/// The marks that a kind of picture draws in a row.
pub(super) trait Marks {
    /// Draws the marks of `row` around the vertical position `middle`.
    fn draw<B: DrawingBackend>(canvas: &Canvas<B>, scale: &Scale, row: &Row<'_>, middle: i32) -> Drawn<B>;
}

/// A picture that is laid out and not yet drawn.
pub(super) struct RowPicture<'a> {
    /// The section with the rows that are drawn.
    pub section: Section<'a>,
    /// The width, in pixels.
    pub width: u32,
    /// The title inside the picture.
    pub title: String,
    /// The horizontal axis.
    pub scale: Scale,
}

impl RowPicture<'_> {
    /// The height, in pixels.
    pub(super) fn height(&self) -> u32 {
        let rows = i32::try_from(self.section.rows.len()).unwrap_or(0);
        (TOP + rows * ROW + BOTTOM).unsigned_abs()
    }

    /// The picture as SVG.
    ///
    /// # Errors
    /// When plotters fails to draw.
    pub(super) fn svg<M: Marks>(&self) -> Result<String, DrawError> {
        let mut svg = String::new();
        self.draw_on::<M, _>(SVGBackend::with_string(&mut svg, (self.width, self.height())), 1)?;
        Ok(svg)
    }

    /// Draws the picture on `backend`, which is `factor` times as wide and high.
    ///
    /// # Errors
    /// When plotters fails to draw.
    pub(super) fn draw_on<M: Marks, B: DrawingBackend>(
        &self,
        backend: B,
        factor: u32,
    ) -> Result<(), DrawError> {
        font::register()?;
        let pixels = |number: u32| i32::try_from(number).unwrap_or(i32::MAX);
        let canvas = Canvas {
            area: backend.into_drawing_area(),
            width: pixels(self.width),
            height: pixels(self.height()),
            factor: pixels(factor),
        };
        self.draw_rows::<M, B>(&canvas).map_err(|cause| DrawError::new(&self.title, cause))
    }

    fn draw_rows<M: Marks, B: DrawingBackend>(&self, canvas: &Canvas<B>) -> Drawn<B> {
        canvas.text(&self.title, (MARGIN, TOP / 2), Anchor::Left, colour::MUTED)?;
        canvas.axis(&self.scale)?;
        for (index, row) in (0..).zip(&self.section.rows) {
            let middle = TOP + index * ROW + ROW / 2;
            let left = self.scale.left;
            let name = canvas.shortened(&row.monitor(), left - 2 * MARGIN);
            canvas.text(&name, (left - MARGIN, middle), Anchor::Right, colour::INK)?;
            M::draw(canvas, &self.scale, row, middle)?;
        }
        canvas.area.present()
    }
}

/// The left and right end of the axis that the names and values of `section` leave in a
/// picture of `width` pixels; `values` are to the right of the plot.
pub(super) fn axis_ends(section: &Section<'_>, width: u32, values: &[String]) -> (i32, i32) {
    let width = i32::try_from(width).unwrap_or(i32::MAX);
    let names = section.rows.iter().map(|row| text_width(&row.monitor())).max().unwrap_or(0);
    let values = values.iter().map(|value| text_width(value)).max().unwrap_or(0);
    let left = names.min(width * 2 / 5) + 2 * MARGIN;
    let right = width - values.min(width * 3 / 10) - 3 * MARGIN;
    (left, right)
}

/// The approximate width of `text`, in pixels.
pub(super) fn text_width(text: &str) -> i32 {
    (text.chars().count() as f64 * CHARACTER) as i32
}

/// A picture that is being drawn.
pub(super) struct Canvas<B: DrawingBackend> {
    area: DrawingArea<B, Shift>,
    width: i32,
    height: i32,
    /// Pixels of the backend for each of ours.
    factor: i32,
}

impl<B: DrawingBackend> Canvas<B> {
    fn scaled(&self, (x, y): (i32, i32)) -> (i32, i32) {
        (x * self.factor, y * self.factor)
    }

    /// The right end of the area that may be drawn on.
    pub(super) fn right(&self) -> i32 {
        self.width - MARGIN
    }

    /// `text`, shortened to fit in `width` pixels.
    pub(super) fn shortened(&self, text: &str, width: i32) -> String {
        if text_width(text) <= width + MARGIN {
            return text.into();
        }
        let room = (f64::from(width.max(0)) / CHARACTER) as usize;
        text.chars().take(room.saturating_sub(1)).chain(['…']).collect()
    }

    /// Draws one line of text, vertically centred on its point.
    pub(super) fn text(&self, text: &str, at: (i32, i32), anchor: Anchor, colour: RGBColor) -> Drawn<B> {
        let across = match anchor {
            Anchor::Left => HPos::Left,
            Anchor::Middle => HPos::Center,
            Anchor::Right => HPos::Right,
        };
        // plotters divides the size by 1.24 before it writes it as font-size.
        let style = (font::FAMILY, TEXT * 1.24 * f64::from(self.factor))
            .into_font()
            .color(&colour)
            .pos(Pos::new(across, VPos::Center));
        self.area.draw(&Text::new(text.to_string(), self.scaled(at), style))
    }

    /// Draws a filled rectangle between two corners.
    pub(super) fn bar(&self, from: (i32, i32), to: (i32, i32), colour: RGBColor, opacity: f64) -> Drawn<B> {
        let corners = [self.scaled(from), self.scaled(to)];
        self.area.draw(&Rectangle::new(corners, colour.mix(opacity).filled()))
    }

    /// Draws a straight line.
    pub(super) fn line(&self, from: (i32, i32), to: (i32, i32), colour: RGBColor, width: u32) -> Drawn<B> {
        let ends = [self.scaled(from), self.scaled(to)];
        self.area.draw(&PathElement::new(ends, colour.stroke_width(width * self.factor.unsigned_abs())))
    }

    /// Draws a small circle that is not filled.
    pub(super) fn ring(&self, at: (i32, i32), colour: RGBColor) -> Drawn<B> {
        let style = colour.stroke_width(self.factor.unsigned_abs());
        self.area.draw(&Circle::new(self.scaled(at), 3 * self.factor, style))
    }

    fn axis(&self, scale: &Scale) -> Drawn<B> {
        let bottom = self.height - BOTTOM;
        for (value, label) in scale.ticks() {
            let x = scale.pixel(value);
            self.line((x, TOP), (x, bottom), colour::GRID, 1)?;
            self.text(&label, (x, bottom + BOTTOM / 2), Anchor::Middle, colour::MUTED)?;
        }
        self.line((scale.left, TOP), (scale.left, bottom), colour::MUTED, 1)
    }
}
