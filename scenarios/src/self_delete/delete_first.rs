//! The file is deleted before it runs: at that time it is nobody's own.

use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt;

use super::image::{become_file, fill};
use super::{OTHER_FILE, has_arrived};
use crate::scenario::Way;

pub(super) const WAY: Way = Way {
    has_effect: Some(has_arrived),
    ..Way::ordinary("delete-first", "a file is unlinked, and executed through its descriptor", |scene| {
        let path = scene.path(OTHER_FILE);
        let file = fill(File::options().read(true).write(true).open(&path)?)?;
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755))?;
        scene.window(|| {
            fs::remove_file(&path)?;
            become_file(&file)
        })
    })
};
