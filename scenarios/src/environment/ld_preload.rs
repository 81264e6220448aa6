//! The variable that everybody knows.

use super::block::Texts;
use super::{execute, variable};
use crate::scenario::Way;

/// The variable.
pub(super) const NAME: &str = "LD_PRELOAD";

pub(super) const WAY: Way = Way::ordinary("ld-preload", "execve with LD_PRELOAD", |scene| {
    let environment = Texts::new(["PATH=/bin".to_owned(), variable(NAME)])?;
    execute(scene, NAME, &environment.block())
});
