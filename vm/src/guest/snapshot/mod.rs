//! Snapshots: guests that booted and stopped themselves, from which each cell
//! resumes. A snapshot is the file of the guest's memory, the state of its devices,
//! and what the guest had sent and shown before it stopped.

mod make;
mod obtain;
mod recipe;
mod stored;

pub use recipe::Recipe;
pub use stored::Snapshot;
