//! `execveat` by a descriptor and no name.

use super::scene_files::VULNERABLE;
use crate::scenario::Way;

pub(super) const WAY: Way =
    Way::ordinary("execveat-empty", "execveat by its descriptor (AT_EMPTY_PATH)", |scene| {
        super::execute_at(scene, super::open_path(VULNERABLE)?, "", libc::AT_EMPTY_PATH)
    });
