//! Where the loader looks for libraries first.

use super::block::Texts;
use super::{execute, variable};
use crate::scenario::Way;

/// The variable.
pub(super) const NAME: &str = "LD_LIBRARY_PATH";

pub(super) const WAY: Way = Way::ordinary("ld-library-path", "execve with LD_LIBRARY_PATH", |scene| {
    let environment = Texts::new(["PATH=/bin".to_owned(), variable(NAME)])?;
    execute(scene, NAME, &environment.block())
});
