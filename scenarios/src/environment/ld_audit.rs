//! Libraries that watch the loader.

use super::block::Texts;
use super::{execute, variable};
use crate::scenario::Way;

/// The variable.
pub(super) const NAME: &str = "LD_AUDIT";

pub(super) const WAY: Way = Way::ordinary("ld-audit", "execve with LD_AUDIT", |scene| {
    let environment = Texts::new(["PATH=/bin".to_owned(), variable(NAME)])?;
    execute(scene, NAME, &environment.block())
});
