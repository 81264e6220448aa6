//! What people say about these mechanisms, and what hookbench found: a table of claims, each with a test over stored
//! results. How the table is shown is the business of the crate `reports`.

mod evidence;
mod outcome;
mod table;
#[cfg(test)]
mod tests;

pub use evidence::{Evidence, Experiments};
pub use outcome::{Outcome, Standing};
pub use table::{CLAIMS, Claim};
