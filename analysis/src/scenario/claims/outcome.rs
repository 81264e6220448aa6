//! What became of a claim.

/// Whether what hookbench found agrees with a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It agrees on each kernel.
    Agrees,
    /// It agrees on some kernels or in some cases.
    InPart,
    /// It disagrees.
    Disagrees,
    /// The stored results do not tell.
    NotMeasured,
}

/// What became of a claim.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Whether it agrees.
    pub standing: Standing,
    /// What was found, in sentences.
    pub found: Vec<String>,
    /// The cells that say so.
    pub cells: Vec<String>,
}

impl Standing {
    /// The words used everywhere.
    pub const fn words(self) -> &'static str {
        match self {
            Standing::Agrees => "agrees",
            Standing::InPart => "agrees in part",
            Standing::Disagrees => "disagrees",
            Standing::NotMeasured => "not measured",
        }
    }
}

impl Outcome {
    /// The results do not tell.
    pub(super) fn not_measured() -> Outcome {
        Outcome { standing: Standing::NotMeasured, found: Vec::new(), cells: Vec::new() }
    }
}
