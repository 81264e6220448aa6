//! The cost of a monitor, divided by what causes it. Only the exact clock has it: each instruction of an operation
//! belongs to a call path.

use serde::{Deserialize, Serialize};

/// How the operations of a cell differ from those of its baseline, in instructions. For each operation,
/// `direct − avoided + indirect + interrupts` is the whole difference. The medians here do not add up: each is that of
/// its own part.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Attribution {
    /// The median direct cost: what the monitor itself executes, on call paths that no operation of the baseline takes,
    /// and the change in the functions that call them.
    pub direct_p50: i64,
    /// How many operations have exactly this direct cost.
    pub direct_share: Share,
    /// The smallest direct cost of an operation.
    pub direct_min: i64,
    /// The largest.
    pub direct_max: i64,
    /// The median of what operations leave out, because the monitor refused them; positive.
    pub avoided_p50: i64,
    /// The median of what changed elsewhere, for example because the monitor's memory changes where the kernel's
    /// allocators look.
    pub indirect_p50: i64,
    /// The median of what interrupts added.
    pub interrupts_p50: i64,
}

/// A number of operations, of all that there are.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Share {
    /// How many.
    pub operations: u32,
    /// Of how many.
    pub of: u32,
}

impl Share {
    /// The share as a fraction; 0 without operations.
    pub fn fraction(self) -> f64 {
        f64::from(self.operations) / f64::from(self.of.max(1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_a_fraction_of_all_operations() {
        assert_eq!(Share { operations: 98, of: 100 }.fraction(), 0.98);
        assert_eq!(Share::default().fraction(), 0.0);
    }
}
