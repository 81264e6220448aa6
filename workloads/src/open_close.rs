//! `open-close`: lmbench's `lat_syscall open`. One operation opens a file for reading and closes it again, both in one
//! timed section: openat and close, which open(3) and close(3) are.
//!
//! The path of the file is `/dev/shm/hookbench-0/d/…/f`. The parameter `depth` is the number of names below the
//! workload's folder, so an absolute path has three names more: with the default it has four, as that of lmbench's
//! file has. A relative path begins at that folder. At the end of a path with a symbolic link, the link leads to the
//! file beside it.

use std::ffi::CString;
use std::io;

use hookbench_model::param::{ParamInfo, Values};
use hookbench_model::policy::Policy;
use hookbench_model::{Enforcement, Params};

use crate::arch::syscall_6;
use crate::folder::{Folder, c_path};
use crate::{Denial, Effect, Info, Operation, Operations, Stopwatch, Timed, Way, WayFacts, Workload};

/// See the module.
pub(crate) struct OpenClose;

static INFO: Info = Info {
    name: "open-close",
    behaviour: "open",
    params: &[
        ParamInfo {
            name: "depth",
            values: Values::Range(1, 64),
            usual: &["1"],
            about: "names of the path below the workload's folder",
        },
        ParamInfo {
            name: "path",
            values: Values::Words(&["absolute", "relative", "symlink"]),
            usual: &["absolute"],
            about: "the kind of path; the last one is absolute and ends in a symbolic link",
        },
    ],
    samples: 200,
    warmup: 20,
    about: "open a file for reading and close it",
};

/// The system calls of one operation.
const CALLS: u64 = 2;

impl Workload for OpenClose {
    fn info(&self) -> &Info {
        &INFO
    }

    fn ways(&self) -> &[&dyn Way] {
        &[&Openat]
    }

    fn denial(&self, _: &Params, enforcement: Enforcement) -> Option<Denial> {
        Denial::by(Policy::Unprivileged, 1, enforcement)
    }
}

struct Openat;

impl Way for Openat {
    fn facts(&self) -> WayFacts {
        let calls = &[libc::SYS_openat as u32, libc::SYS_close as u32];
        WayFacts { calls, ..WayFacts::new("openat") }
    }

    fn prepare(&self, params: &Params, _: Enforcement) -> io::Result<Box<dyn Operation>> {
        let depth = params.get("depth").and_then(|depth| depth.parse().ok()).unwrap_or(1);
        let mut folder = Folder::make()?;
        let path = path(&mut folder, depth, params.get("path").unwrap_or("absolute"))?;
        Ok(Box::new(Opening { path, right: 0, _folder: folder }))
    }

    fn effect(&self, _: &Params, operations: Operations) -> Effect {
        Effect::Returned(CALLS * operations.passed)
    }
}

/// Makes a file so many names below `folder`. Returns its path, of this kind.
fn path(folder: &mut Folder, depth: usize, kind: &str) -> io::Result<CString> {
    let folders = vec!["d"; depth - 1];
    for end in 1..depth {
        folder.folder(&folders[..end].join("/"))?;
    }
    let name = |last| [&folders[..], &[last]].concat().join("/");
    let file = folder.file(&name("f"))?;
    match kind {
        "relative" => {
            std::env::set_current_dir(folder.path())?;
            Ok(CString::new(name("f"))?)
        }
        "symlink" => c_path(&folder.link(&name("l"), "f")?),
        _ => c_path(&file),
    }
}

struct Opening {
    path: CString,
    /// How many system calls returned what they have to.
    right: u64,
    _folder: Folder,
}

impl Operation for Opening {
    fn run_once(&mut self) -> io::Result<Timed> {
        let path = self.path.as_ptr() as i64;
        let stopwatch = Stopwatch::start();
        // SAFETY: the path ends in NUL and outlives the call.
        let opened = unsafe {
            syscall_6(libc::SYS_openat, [libc::AT_FDCWD.into(), path, libc::O_RDONLY.into(), 0, 0, 0])
        };
        let closed = match opened {
            // SAFETY: closes what was opened.
            0.. => unsafe { syscall_6(libc::SYS_close, [opened, 0, 0, 0, 0, 0]) },
            error => error,
        };
        let elapsed = stopwatch.elapsed();
        if closed == 0 {
            self.right += CALLS;
        }
        Ok(Timed::of(elapsed, closed))
    }

    fn effect(&mut self) -> io::Result<Effect> {
        Ok(Effect::Returned(self.right))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_has_as_many_names_as_its_depth_says() {
        for (depth, kind, end) in [(1, "absolute", "/f"), (3, "absolute", "/d/d/f"), (2, "symlink", "/d/l")] {
            let mut folder = Folder::make().unwrap();
            let path = path(&mut folder, depth, kind).unwrap().into_string().unwrap();
            assert_eq!(path, format!("{}{end}", folder.path().display()));
            assert!(std::fs::metadata(path).unwrap().is_file());
        }
    }
}
