//! The kernel executes it when the last process leaves a control group (version 1).

use std::fs;
use std::io;

use super::scene_files::VULNERABLE;
use crate::child;
use crate::scenario::Way;
use crate::scene::Scene;
use crate::sys::mount;

pub(super) const WAY: Way = Way {
    as_root: true,
    ..Way::ordinary("release-agent", "the kernel executes it when a control group becomes empty", run)
};

fn run(scene: &Scene) -> io::Result<()> {
    let folder = scene.path("cgroup");
    let group = format!("{folder}/group");
    fs::create_dir(&folder)?;
    mount("cgroup", &folder, Some("cgroup"), 0, "none,name=hookbench")?;
    fs::write(format!("{folder}/release_agent"), VULNERABLE)?;
    fs::create_dir(&group)?;
    fs::write(format!("{group}/notify_on_release"), "1")?;
    scene.window(|| {
        child::run(|| fs::write(format!("{group}/cgroup.procs"), "0"))?;
        super::wait_for_mark(scene);
        Ok(())
    })?;
    fs::remove_dir(group)
}
