//! The font of the pictures, DejaVu Sans, which hookbench carries. hookbench asks the
//! machine for no font, so equal runs give equal pixels.

use std::sync::OnceLock;

use plotters::style::{FontStyle, register_font};

use super::error::DrawError;

/// The font family that pictures name. A viewer of an SVG picks its own sans-serif font.
pub(super) const FAMILY: &str = "sans-serif";

/// Registers the font with plotters, once per process. plotters also measures with it
/// what it writes as SVG. Other users of plotters in the process, such as Criterion,
/// need the font too.
///
/// # Errors
/// When plotters cannot read the font.
pub fn register() -> Result<(), DrawError> {
    static REGISTERED: OnceLock<Result<(), DrawError>> = OnceLock::new();
    REGISTERED.get_or_init(|| load(dejavu::sans::regular())).clone()
}

fn load(font: &'static [u8]) -> Result<(), DrawError> {
    let cause = "plotters cannot read the font DejaVu Sans that is built into hookbench";
    register_font(FAMILY, FontStyle::Normal, font).map_err(|_| DrawError::new("text", cause))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unreadable_font_is_an_error() {
        let error = load(b"not a font").unwrap_err().to_string();
        assert!(error.contains("DejaVu Sans"), "{error}");
        assert_eq!(register(), Ok(()));
    }
}
