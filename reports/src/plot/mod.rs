//! The pictures, drawn by plotters: what each monitor costs, how its operations are
//! distributed, curves over a parameter, and lines from run to run.
//!
//! A picture is one file here. `canvas` draws rows of monitors, `chart` what pictures
//! with lines share, `scale` computes axes. The reports place the pictures.

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

pub use bars::{costs, costs_title};
pub use canvas::{NARROW, WIDE};
pub use colour::{css_of_mechanism as colour, is_fixed as has_fixed_colour};
pub use curves::curves;
pub use error::DrawError;
pub use font::register as register_font;
pub use history::history;
pub use opening::{opening_png, opening_svg};
pub use spread::{LEGEND, spread, spread_title};
pub use svg::inline;
