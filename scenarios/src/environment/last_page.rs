//! The variable is the last of 32 pages.

use super::{execute_with, ld_preload, page, variable};
use crate::scenario::Way;

pub(super) const WAY: Way =
    Way::ordinary("last-page", "execve with LD_PRELOAD after 31 pages of other variables", |scene| {
        execute_with(scene, (1..32).map(page).chain([variable(ld_preload::NAME)]).collect())
    });
