//! The ledger: what a monitor changes in a kernel beyond the life of its processes. It is
//! written to the disk before the change is made, so that hookbench can undo the change
//! whatever happens. Guests have none: they end with their cell. `undo.rs` reads ledgers.

pub(in crate::attach) mod record;
mod settle;

pub use record::{intend, is_open, open, try_intend};
pub use settle::{close, settle};
