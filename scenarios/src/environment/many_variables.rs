//! Very many small variables come first.

use super::{execute_with, ld_preload, variable};
use crate::scenario::Way;

pub(super) const WAY: Way =
    Way::ordinary("many-variables", "execve with LD_PRELOAD after 900 other variables", |scene| {
        let others = (0..900).map(|number| format!("V{number}=x"));
        execute_with(scene, others.chain([variable(ld_preload::NAME)]).collect())
    });
