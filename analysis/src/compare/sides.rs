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
