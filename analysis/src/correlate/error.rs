//! Why two runs cannot be correlated.

use hookbench_model::Target;

/// Why two runs cannot be correlated.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum CorrelationError {
    /// Both runs are on hardware, or both are in TCG.
    #[error(
        "the runs have the targets {0} and {1}; give one run with the target tcg and one on hardware (kvm \
         or host)"
    )]
    Targets(Target, Target),
    /// Several kernels in TCG match a kernel on hardware.
    #[error("the kernel {kernel} matches {candidates}; choose one with --map-kernel {kernel}=KERNEL")]
    Ambiguous {
        /// The kernel on hardware.
        kernel: String,
        /// The kernels in TCG.
        candidates: String,
    },
    /// A mapped kernel is in neither run.
    #[error("--map-kernel {0}: no such kernels; the hardware run has {1}, the TCG run has {2}")]
    NoKernel(String, String, String),
    /// No cell has numbers in both runs.
    #[error(
        "no cell has numbers in both runs; the hardware run has the kernels {0}, the TCG run {1}; use \
         --map-kernel to match them"
    )]
    NoCommonCell(String, String),
}
