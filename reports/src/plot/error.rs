//! The error of a picture that cannot be drawn, and the result that every drawing
//! function passes up.

use std::fmt::Display;

use plotters::prelude::{DrawingAreaErrorKind, DrawingBackend};

/// A picture could not be drawn.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("cannot draw {picture}: {cause}")]
pub struct DrawError {
    picture: String,
    cause: String,
}

impl DrawError {
    /// The error of `picture`, a few words or its title, with what plotters or the
    /// encoder says.
    pub(super) fn new(picture: &str, cause: impl Display) -> DrawError {
        DrawError { picture: picture.into(), cause: cause.to_string() }
    }
}

/// The result of drawing on the backend `B`.
pub(super) type Drawn<B> = Result<(), DrawingAreaErrorKind<<B as DrawingBackend>::ErrorType>>;
