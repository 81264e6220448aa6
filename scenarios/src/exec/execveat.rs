//! `execveat` by a name in an open folder.

use crate::scenario::Way;

pub(super) const WAY: Way = Way::ordinary("execveat", "execveat by its name in an open folder", |scene| {
    let folder = super::open_path(&scene.folder.display().to_string())?;
    super::execute_at(scene, folder, "vulnerable", 0)
});
