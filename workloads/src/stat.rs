//! `stat`: lmbench's `lat_syscall stat`. One operation is the system call that stat(3) has made since glibc 2.33,
//! newfstatat, on a file whose path has four names, as that of lmbench's file has.

use std::ffi::CString;
use std::io;
use std::mem::MaybeUninit;
use std::os::unix::fs::MetadataExt;

use hookbench_model::{Enforcement, Params};

use crate::call::{Call, Calling};
use crate::folder::{Folder, c_path};
use crate::unwatched::{self, Unwatched};
use crate::{Denial, Effect, Info, Operation, Operations, Way, WayFacts, Workload};

/// See the module.
pub(crate) struct Stat;

static INFO: Info = Info {
    name: "stat",
    behaviour: unwatched::BEHAVIOUR,
    params: &[],
    samples: 200,
    warmup: 20,
    about: "newfstatat of a file by a path with four names",
};

impl Workload for Stat {
    fn info(&self) -> &Info {
        &INFO
    }

    fn ways(&self) -> &[&dyn Way] {
        &[&ByPath]
    }

    fn denial(&self, _: &Params, enforcement: Enforcement) -> Option<Denial> {
        Denial::of_unwatched(enforcement)
    }
}

struct ByPath;

impl Way for ByPath {
    fn facts(&self) -> WayFacts {
        WayFacts { calls: &[libc::SYS_newfstatat as u32], ..WayFacts::unwatched("stat") }
    }

    fn prepare(&self, _: &Params, enforcement: Enforcement) -> io::Result<Box<dyn Operation>> {
        let mut folder = Folder::make()?;
        let path = folder.file("f")?;
        let looking =
            Looking { path: c_path(&path)?, answer: Answer::about(path.metadata()?), _folder: folder };
        Ok(Unwatched::new(Calling::new(looking), enforcement))
    }

    fn effect(&self, _: &Params, operations: Operations) -> Effect {
        Effect::Returned(operations.passed)
    }
}

struct Looking {
    path: CString,
    answer: Answer,
    _folder: Folder,
}

// SAFETY: the path ends in NUL, and the answer has its own memory.
unsafe impl Call for Looking {
    const NUMBER: libc::c_long = libc::SYS_newfstatat;

    fn arguments(&mut self) -> [i64; 6] {
        [libc::AT_FDCWD.into(), self.path.as_ptr() as i64, self.answer.place(), 0, 0, 0]
    }

    fn worked(&mut self, result: i64) -> io::Result<bool> {
        Ok(result == 0 && self.answer.is_right())
    }
}

/// What the kernel says about a file.
pub(crate) struct Answer {
    found: Box<MaybeUninit<libc::stat>>,
    /// The device and the number of the file.
    file: (u64, u64),
}

impl Answer {
    /// Room for what the kernel will say about the file of `metadata`.
    pub(crate) fn about(metadata: std::fs::Metadata) -> Answer {
        Answer { found: Box::new(MaybeUninit::zeroed()), file: (metadata.dev(), metadata.ino()) }
    }

    /// Where the kernel has to write it. What was there is gone.
    pub(crate) fn place(&mut self) -> i64 {
        *self.found = MaybeUninit::zeroed();
        self.found.as_mut_ptr() as i64
    }

    /// Whether the kernel has said it.
    pub(crate) fn is_right(&self) -> bool {
        // SAFETY: all zero or written by the kernel, both of which are valid. It is volatile because the compiler has
        // not seen the kernel write.
        let found = unsafe { std::ptr::read_volatile(self.found.as_ptr()) };
        (found.st_dev, found.st_ino) == self.file
    }
}
