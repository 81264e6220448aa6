//! Why a gate cannot judge a comparison.

/// Why a gate cannot judge a comparison.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum GateError {
    /// A limit matches no cell, perhaps because of a typo.
    #[error(
        "the limit {0:?} matches no cell; use a glob of monitors (bpf-lsm+*) or of whole cell names (6.1/*)"
    )]
    NoCell(String),
    /// A limit has a different unit than the cell.
    #[error("the limit {limit:?} cannot apply to {cell}, because its numbers are {unit}; use that unit or %")]
    Unit {
        /// The limit.
        limit: String,
        /// The cell.
        cell: String,
        /// The unit of its clock.
        unit: &'static str,
    },
}
