//! The difference between two explanations, by function: by how much a monitor costs more than another, or on one kernel
//! more than on another.

use std::collections::BTreeMap;

use serde::Serialize;

use super::functions::sorted;
use super::{Explanation, FunctionCost, Names, Parts};

/// How far the costs of a cell are above those of another. A function has the same name in both, whatever the kernel
/// or the compiler appended to it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// The difference of the parts.
    pub parts: Parts,
    /// The functions that differ, in the order of [`Explanation::functions`].
    pub functions: Vec<FunctionCost>,
}

impl Difference {
    /// Subtracts the costs of `against` from those of `of`.
    #[must_use]
    pub fn new(of: &Explanation, against: &Explanation) -> Difference {
        let mut functions: BTreeMap<String, FunctionCost> = of.by_function(Names::Normalized);
        for (name, other) in against.by_function(Names::Normalized) {
            let function = functions
                .entry(name.clone())
                .or_insert_with(|| FunctionCost { name, ..FunctionCost::default() });
            function.own = function.own.minus(other.own);
            function.total = function.total.minus(other.total);
        }
        Difference { parts: of.parts().minus(against.parts()), functions: sorted(functions) }
    }
}
