//! Why a cell costs what it costs, function by function: one usual operation of the cell and the reference operation
//! of its baseline, as one tree of call paths with the parts of the difference at each path. A run keeps it as the
//! attachment [`KIND`].

mod build;
mod check;
mod difference;
mod functions;
mod names;
mod stacks;
#[cfg(test)]
mod tests;

use hookbench_model::{Cell, Share};
use serde::{Deserialize, Serialize};

pub use build::Unexplained;
pub use check::{NotAnExplanation, read};
pub use difference::Difference;
pub use functions::FunctionCost;
pub use stacks::{Names, Stacks, differential};

/// The kind of the attachment that holds an explanation.
pub const KIND: &str = "explanation";

/// The version of the JSON format.
const FORMAT: u32 = 1;

/// The parts of a difference, in instructions. `direct − avoided + indirect + interrupts` is the whole difference.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parts {
    /// What the monitor itself executes: the hook.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub direct: i64,
    /// What the operation leaves out because the monitor refused it. Positive in an explanation.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub avoided: i64,
    /// What changed elsewhere.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub indirect: i64,
    /// What interrupts added.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub interrupts: i64,
}

fn is_zero(number: &i64) -> bool {
    *number == 0
}

impl Parts {
    /// The whole difference.
    #[must_use]
    pub fn added(&self) -> i64 {
        self.direct + self.side_effects()
    }

    /// The difference without the hook.
    #[must_use]
    pub fn side_effects(&self) -> i64 {
        self.indirect + self.interrupts - self.avoided
    }

    /// Whether nothing changed.
    #[must_use]
    pub fn is_nothing(&self) -> bool {
        *self == Parts::default()
    }

    /// Both together.
    #[must_use]
    pub fn plus(self, other: Parts) -> Parts {
        Parts {
            direct: self.direct + other.direct,
            avoided: self.avoided + other.avoided,
            indirect: self.indirect + other.indirect,
            interrupts: self.interrupts + other.interrupts,
        }
    }

    /// How far `self` is above `other`.
    #[must_use]
    pub fn minus(self, other: Parts) -> Parts {
        Parts {
            direct: self.direct - other.direct,
            avoided: self.avoided - other.avoided,
            indirect: self.indirect - other.indirect,
            interrupts: self.interrupts - other.interrupts,
        }
    }
}

/// A call path: a function with its callers. Numbers are of the function alone, without what it calls.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Frame {
    /// The index of the caller's frame, which is smaller than this one's; `None` where the kernel was entered.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    caller: Option<usize>,
    /// The index of the function's name.
    name: usize,
    /// The instructions of the cell's operation.
    #[serde(default, skip_serializing_if = "is_none_executed")]
    operation: u64,
    /// The instructions of the baseline's operation.
    #[serde(default, skip_serializing_if = "is_none_executed")]
    reference: u64,
    /// How `operation` differs from `reference`.
    #[serde(default, skip_serializing_if = "Parts::is_nothing")]
    parts: Parts,
}

fn is_none_executed(instructions: &u64) -> bool {
    *instructions == 0
}

/// See the module.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Explanation {
    /// The version of the format.
    format: u32,
    /// The cell. Its baseline is the same cell under `none`.
    pub cell: Cell,
    /// How many of the cell's operations have exactly the direct cost of the one that is explained.
    pub share: Share,
    /// The names of functions.
    names: Vec<String>,
    /// The call paths. Callers come before what they call.
    frames: Vec<Frame>,
}

impl Explanation {
    /// The instructions of the cell's operation.
    #[must_use]
    pub fn operation(&self) -> u64 {
        self.frames.iter().map(|frame| frame.operation).sum()
    }

    /// The instructions of the baseline's operation.
    #[must_use]
    pub fn reference(&self) -> u64 {
        self.frames.iter().map(|frame| frame.reference).sum()
    }

    /// The parts of the difference between the two operations.
    #[must_use]
    pub fn parts(&self) -> Parts {
        self.frames.iter().fold(Parts::default(), |sum, frame| sum.plus(frame.parts))
    }
}
