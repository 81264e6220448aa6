//! The variable is the first of 32 pages.

use super::{execute_with, ld_preload, page, variable};
use crate::scenario::Way;

pub(super) const WAY: Way =
    Way::ordinary("first-page", "execve with LD_PRELOAD before 31 pages of other variables", |scene| {
        execute_with(scene, [variable(ld_preload::NAME)].into_iter().chain((1..32).map(page)).collect())
    });
