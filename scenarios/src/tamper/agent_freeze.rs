//! The agent is put into a control group, which is frozen.

use std::fs;
use std::io;
use std::time::{Duration, Instant};

use super::agent::processes;
use super::{tampering_with_agent, then_unshare};
use crate::scenario::Way;
use crate::scene::Scene;
use crate::sys::mount;

/// How long freezing may take, and how long between two looks.
const PATIENCE: Duration = Duration::from_millis(500);
const REST: Duration = Duration::from_millis(1);

pub(super) const WAY: Way = tampering_with_agent(
    "agent-freeze",
    "the process that attached the policy is in a frozen control group",
    |scene| {
        let root = scene.path("cgroup");
        then_unshare(scene, || freeze(scene, &root), || thaw(scene, &root))
    },
);

fn freeze(scene: &Scene, root: &str) -> io::Result<()> {
    let processes = processes(scene)?;
    fs::create_dir_all(root)?;
    mount("cgroup2", root, Some("cgroup2"), 0, "")?;
    let group = format!("{root}/frozen");
    fs::create_dir(&group)?;
    for process in processes {
        fs::write(format!("{group}/cgroup.procs"), process.to_string())?;
    }
    fs::write(format!("{group}/cgroup.freeze"), "1")?;
    let begin = Instant::now();
    while !fs::read_to_string(format!("{group}/cgroup.events"))?.contains("frozen 1") {
        if begin.elapsed() > PATIENCE {
            return Err(io::Error::from_raw_os_error(libc::ETIMEDOUT));
        }
        std::thread::sleep(REST);
    }
    Ok(())
}

fn thaw(scene: &Scene, root: &str) -> io::Result<()> {
    let group = format!("{root}/frozen");
    fs::write(format!("{group}/cgroup.freeze"), "0")?;
    for process in processes(scene)? {
        fs::write(format!("{root}/cgroup.procs"), process.to_string())?;
    }
    fs::remove_dir(group)
}
