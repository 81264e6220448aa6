//! Values of a run on hardware and of a run in TCG.

use serde::Serialize;

/// A value of the run on hardware, and one of the run in TCG.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct HardwareAndTcg<T> {
    /// On hardware.
    pub hardware: T,
    /// In TCG.
    pub tcg: T,
}
