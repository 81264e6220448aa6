//! Values of the base and of the new run.

use serde::Serialize;

/// A value of the base, and one of the new run.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct BaseAndNew<T> {
    /// In the base.
    pub base: T,
    /// In the new run.
    pub new: T,
}

impl<T: PartialEq> BaseAndNew<T> {
    /// Whether both are equal.
    pub fn is_same(&self) -> bool {
        self.base == self.new
    }
}

impl BaseAndNew<f64> {
    /// The change in percent of the size of the base; `None` from 0 to anything else.
    pub(super) fn percent(&self) -> Option<f64> {
        if self.is_same() {
            return Some(0.0);
        }
        (self.base != 0.0).then(|| (self.new - self.base) / self.base.abs() * 100.0)
    }
}
