//! Serialises a cell as its name, not as its fields.

use serde::Serializer;

use hookbench_model::Cell;

/// For `#[serde(serialize_with)]`.
pub(crate) fn by_name<S: Serializer>(cell: &Cell, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(cell)
}
