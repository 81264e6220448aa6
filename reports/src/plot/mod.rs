//! The pictures, drawn by plotters: what each monitor adds, how its operations are
//! distributed, curves over a parameter, and lines from run to run.
//!
//! A picture is one file here. `canvas` draws rows of monitors, `chart` what pictures
//! with lines share, `scale` computes axes. The reports place the pictures.

use crate::section::Section;

mod bars;
mod canvas;
mod chart;
mod colour;
mod curves;
mod error;
#[cfg(test)]
mod failing;
mod font;
mod history;
mod opening;
mod scale;
mod spread;
mod svg;

pub use bars::added;
pub use colour::css_of_mechanism as colour;
pub use curves::curves;
pub use error::DrawError;
pub use font::register as register_font;
pub use history::history;
pub use opening::{opening_png, opening_svg};
pub use spread::{LEGEND, spread};
pub use svg::inline;

/// The width of a picture that shares a row or is shown on a phone, in pixels.
pub const NARROW: u32 = 420;
/// The width of a picture that has a row for itself, in pixels.
pub const WIDE: u32 = 860;

/// The title of the picture that [`added`] draws, in one line.
pub fn added_title(section: &Section<'_>) -> String {
    let (operation, place) = (section.operation(), section.place());
    format!(
        "{} added to one {operation} by each monitor ({place}, clock: {})",
        section.clock.unit(),
        section.clock.name()
    )
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
