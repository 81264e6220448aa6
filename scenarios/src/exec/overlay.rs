//! The file in an overlay file system, which gives it another inode.

use std::fs;
use std::io;

use super::scene_files::VULNERABLE;
use crate::scenario::{Need, Way};
use crate::scene::Scene;
use crate::sys::mount;

pub(super) const WAY: Way = Way {
    needs: &[Need::Loaded("overlay")],
    as_root: true,
    ..Way::ordinary("overlay", "execve of it in an overlay file system", run)
};

fn run(scene: &Scene) -> io::Result<()> {
    let [lower, empty, overlay] = ["lower", "empty", "overlay"].map(|name| scene.path(name));
    for folder in [&lower, &empty, &overlay] {
        fs::create_dir(folder)?;
    }
    fs::hard_link(VULNERABLE, format!("{lower}/vulnerable"))?;
    mount("overlay", &overlay, Some("overlay"), 0, &format!("lowerdir={lower}:{empty}"))?;
    super::execute(scene, &format!("{overlay}/vulnerable"))
}
