//! The font of pictures that are made of pixels, DejaVu Sans, which is part of
//! hookbench: no font of a machine is asked for, so equal runs give equal pixels.

use std::sync::Once;

use plotters::style::{FontStyle, register_font};

/// What pictures ask for; in an SVG it is whatever who shows it takes for that.
pub(super) const FAMILY: &str = "sans-serif";

/// Makes the font known to plotters, which also measures with it what it draws as SVG.
/// Whoever draws with plotters beside us, as Criterion does, needs it too: without a
/// known font plotters fails.
pub fn register() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        // A font that cannot be read would be one of another version of the crate: a test
        // looks for letters in a picture.
        let _ = register_font(FAMILY, FontStyle::Normal, dejavu::sans::regular());
    });
}
