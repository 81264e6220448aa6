//! The limits that apply to one cell.

use super::error::GateError;
use super::limit::{Bound, Limit};
use crate::compare::Change;

/// The limits that apply to one cell: the last one of each kind that matches it.
pub(super) struct CellLimits<'a> {
    soft: Option<&'a Limit>,
    hard: Option<&'a Limit>,
}

impl<'a> CellLimits<'a> {
    /// Selects the limits of the cell of `change`, out of `limits`.
    ///
    /// # Errors
    /// If a limit that matches the cell has a different unit.
    pub(super) fn select(
        change: &Change,
        limits: impl Iterator<Item = &'a Limit>,
    ) -> Result<CellLimits<'a>, GateError> {
        let mut found = CellLimits { soft: None, hard: None };
        let matches =
            |limit: &&Limit| limit.cells.as_ref().is_none_or(|pattern| pattern.matches(&change.cell));
        for limit in limits.filter(matches) {
            match &limit.bound {
                Bound::Percent(_) => found.soft = Some(limit),
                Bound::Absolute { unit, .. } if unit != change.clock.unit() => {
                    let (limit, cell) = (limit.to_string(), change.cell.to_string());
                    return Err(GateError::Unit { limit, cell, unit: change.clock.unit() });
                }
                Bound::Absolute { .. } => found.hard = Some(limit),
            }
        }
        Ok(found)
    }

    /// All of them; the percentage comes first.
    pub(super) fn iter(&self) -> impl Iterator<Item = &'a Limit> + use<'a> {
        [self.soft, self.hard].into_iter().flatten()
    }

    /// Whether no limit applies.
    pub(super) fn is_empty(&self) -> bool {
        self.soft.is_none() && self.hard.is_none()
    }
}
