//! The cache folder: kernels, packages and everything made of them stay there
//! between runs. hookbench verifies an entry before it uses it, removes no entry
//! that is in use, and one hookbench at a time fills the cache. What an entry holds
//! is decided by the code that makes it.

mod entry;
mod folder;
mod items;
mod kind;
mod lease;
mod lock;
mod obtain;
mod tree;

pub use folder::{Cache, LIMIT_VARIABLE, VARIABLE, Wanted};
pub use items::Item;
pub use kind::{KINDS, Kind, find as find_kind};
pub use lease::Lease;
pub use lock::Lock;
pub(crate) use tree::{make_folder, make_private};

#[cfg(test)]
mod tests;
