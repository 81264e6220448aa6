//! A descriptor that the process was born with.

use super::{INHERITED, map_code, run_after};
use crate::scenario::Way;

pub(super) const WAY: Way =
    Way::ordinary("inherited", "mmap(PROT_EXEC) of an inherited descriptor", |scene| {
        run_after(scene, || map_code(INHERITED))
    });
