//! A backend of plotters that fails at a chosen shape, for tests that a drawing error
//! reaches the caller.

use std::cell::Cell;
use std::io;
use std::rc::Rc;

use plotters::prelude::DrawingBackend;
use plotters_backend::{BackendColor, BackendCoord, BackendStyle, BackendTextStyle, DrawingErrorKind};

use super::DrawError;

/// Counts shapes down and fails when none is left.
pub(super) struct FailingBackend {
    size: (u32, u32),
    left: Rc<Cell<usize>>,
}

/// Draws once without a failure, which has to succeed, and then once for each shape of
/// the picture with a failure at that shape, which has to be an error.
pub(super) fn at_every_shape(size: (u32, u32), draw: impl Fn(FailingBackend) -> Result<(), DrawError>) {
    let left = Rc::new(Cell::new(usize::MAX));
    draw(FailingBackend { size, left: Rc::clone(&left) }).unwrap();
    let shapes = usize::MAX - left.get();
    assert!(shapes > 10, "{shapes} shapes");
    for shape in 0..shapes {
        let backend = FailingBackend { size, left: Rc::new(Cell::new(shape)) };
        let error = draw(backend).expect_err("a drawing error is lost").to_string();
        assert!(error.starts_with("cannot draw ") && error.contains("out of ink"), "{error}");
    }
}

type Drawn = Result<(), DrawingErrorKind<io::Error>>;

impl FailingBackend {
    fn shape(&self) -> Drawn {
        match self.left.get().checked_sub(1) {
            Some(left) => {
                self.left.set(left);
                Ok(())
            }
            None => Err(DrawingErrorKind::DrawingError(io::Error::other("out of ink"))),
        }
    }
}

impl DrawingBackend for FailingBackend {
    type ErrorType = io::Error;

    fn get_size(&self) -> (u32, u32) {
        self.size
    }

    fn ensure_prepared(&mut self) -> Drawn {
        Ok(())
    }

    fn present(&mut self) -> Drawn {
        self.shape()
    }

    fn draw_pixel(&mut self, _: BackendCoord, _: BackendColor) -> Drawn {
        self.shape()
    }

    fn draw_line<S: BackendStyle>(&mut self, _: BackendCoord, _: BackendCoord, _: &S) -> Drawn {
        self.shape()
    }

    fn draw_rect<S: BackendStyle>(&mut self, _: BackendCoord, _: BackendCoord, _: &S, _: bool) -> Drawn {
        self.shape()
    }

    fn draw_path<S: BackendStyle, I: IntoIterator<Item = BackendCoord>>(&mut self, _: I, _: &S) -> Drawn {
        self.shape()
    }

    fn draw_circle<S: BackendStyle>(&mut self, _: BackendCoord, _: u32, _: &S, _: bool) -> Drawn {
        self.shape()
    }

    fn draw_text<S: BackendTextStyle>(&mut self, _: &str, _: &S, _: BackendCoord) -> Drawn {
        self.shape()
    }
}
