//! The variable is there twice, and the first one is harmless.

use super::{execute_with, ld_preload, variable};
use crate::scenario::Way;

pub(super) const WAY: Way =
    Way::ordinary("duplicate", "execve with two LD_PRELOAD, of which the first is harmless", |scene| {
        execute_with(scene, vec!["LD_PRELOAD=/lib/harmless.so".into(), variable(ld_preload::NAME)])
    });
