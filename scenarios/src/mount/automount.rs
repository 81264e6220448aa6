//! The kernel mounts a file system by itself when somebody looks at a path: no call for mounting is made.

use std::fs;
use std::io;
use std::path::Path;

use super::{DEBUGFS, is_left, leave};
use crate::scenario::Way;
use crate::scene::Scene;

pub(super) const WAY: Way = Way {
    as_root: true,
    has_effect: Some(is_left),
    ..Way::ordinary("automount", "the kernel mounts tracefs in debugfs when its folder is looked at", run)
};

fn run(scene: &Scene) -> io::Result<()> {
    let file = scene.path(&format!("{DEBUGFS}/tracing/trace_options"));
    scene.window(|| fs::metadata(&file))?;
    leave(scene, Path::new(&file).exists());
    Ok(())
}
