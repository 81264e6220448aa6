//! Audit rule files, read as auditctl 3.0.9 reads them: which lines hold rules, which lines auditctl would refuse,
//! and which login uids a rule can match. Only what is certain without a kernel is refused here: names of system
//! calls, fields and users are auditctl's business, in the guest.

mod check;
mod encoding;
mod fields;
mod line;
mod options;
mod refusals;
mod rule_file;
#[cfg(test)]
mod tests;
mod values;

pub use encoding::{LONGEST_LINE, NotText};
pub use fields::{Field, Operator, Place};
pub use line::{Effect, Line, Problem, Rule};
pub use refusals::{Refusal, refused_lines, unmatched};
pub use rule_file::{RuleFile, Unreadable};
