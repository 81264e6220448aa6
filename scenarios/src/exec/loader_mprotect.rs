//! A loader that maps the program as data and makes it executable afterwards.

use super::scene_files::VULNERABLE;
use crate::exchange::PROGRAM;
use crate::scenario::Way;

pub(super) const WAY: Way = Way::ordinary(
    "loader-mprotect",
    "execve of a loader that maps it as data, calls mprotect and jumps into it",
    |scene| super::execute_with(scene, PROGRAM, &[PROGRAM, "exec/loader", VULNERABLE, "late"]),
);
