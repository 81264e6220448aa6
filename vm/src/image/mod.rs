//! The files of a guest: the archive that it boots with, programs with the
//! libraries that they need, and the payload of a cell.

mod archive;
pub(crate) mod closure;
pub mod payload;
pub mod program;
pub mod tree;

pub use archive::{Content, GuestFile, Image, build, pack};
