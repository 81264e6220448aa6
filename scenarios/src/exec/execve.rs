//! `execve` by the program's path.

use super::scene_files::VULNERABLE;
use crate::scenario::Way;

pub(super) const WAY: Way =
    Way::ordinary("execve", "execve by its path", |scene| super::execute(scene, VULNERABLE));
