//! Settings of the C library.

use super::block::Texts;
use super::{execute, variable};
use crate::scenario::Way;

/// The variable.
pub(super) const NAME: &str = "GLIBC_TUNABLES";

pub(super) const WAY: Way = Way::ordinary("glibc-tunables", "execve with GLIBC_TUNABLES", |scene| {
    let environment = Texts::new(["PATH=/bin".to_owned(), variable(NAME)])?;
    execute(scene, NAME, &environment.block())
});
