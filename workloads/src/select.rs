//! `select`: lmbench's `lat_select file`. One operation is select for reading on so many descriptors of one file, with a
//! timeout of zero. A file is always ready, so select returns their number.

use std::fs::File;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, OwnedFd};

use hookbench_model::param::{ParamInfo, Values};
use hookbench_model::{Enforcement, Params};

use crate::call::{Call, Calling};
use crate::folder::Folder;
use crate::unwatched::{self, Unwatched};
use crate::{Denial, Effect, Info, Operation, Operations, Way, WayFacts, Workload};

/// See the module.
pub(crate) struct Select;

static INFO: Info = Info {
    name: "select",
    behaviour: unwatched::BEHAVIOUR,
    params: &[ParamInfo {
        name: "descriptors",
        // A set has room for descriptors below 1024.
        values: Values::Range(1, 1000),
        usual: &["100"],
        about: "descriptors to select on, all of one file",
    }],
    samples: 200,
    warmup: 20,
    about: "select on descriptors of a file, all of which are ready",
};

impl Workload for Select {
    fn info(&self) -> &Info {
        &INFO
    }

    fn ways(&self) -> &[&dyn Way] {
        &[&OnFiles]
    }

    fn denial(&self, _: &Params, enforcement: Enforcement) -> Option<Denial> {
        Denial::of_unwatched(enforcement)
    }
}

struct OnFiles;

impl Way for OnFiles {
    fn facts(&self) -> WayFacts {
        WayFacts { calls: &[libc::SYS_select as u32], ..WayFacts::unwatched("select") }
    }

    fn prepare(&self, params: &Params, enforcement: Enforcement) -> io::Result<Box<dyn Operation>> {
        let descriptors = params.get("descriptors").and_then(|number| number.parse().ok()).unwrap_or(100);
        Ok(Unwatched::new(Calling::new(Selecting::new(descriptors)?), enforcement))
    }

    fn effect(&self, _: &Params, operations: Operations) -> Effect {
        Effect::Returned(operations.passed)
    }
}

struct Selecting {
    files: Vec<OwnedFd>,
    /// What the kernel reads and writes: the set of descriptors, and the timeout.
    asked: Box<(libc::fd_set, libc::timeval)>,
    _folder: Folder,
}

impl Selecting {
    fn new(descriptors: usize) -> io::Result<Selecting> {
        let mut folder = Folder::make()?;
        let file = OwnedFd::from(File::open(folder.file("f")?)?);
        let mut files = (1..descriptors).map(|_| file.try_clone()).collect::<io::Result<Vec<_>>>()?;
        files.push(file);
        if files.iter().any(|file| file.as_raw_fd() as usize >= libc::FD_SETSIZE) {
            return Err(io::Error::other("this process has too many descriptors open for select"));
        }
        // SAFETY: an empty set and a timeout of zero are all zero.
        let asked = unsafe { MaybeUninit::zeroed().assume_init() };
        Ok(Selecting { files, asked: Box::new(asked), _folder: folder })
    }
}

// SAFETY: the set and the timeout have their own memory.
unsafe impl Call for Selecting {
    const NUMBER: libc::c_long = libc::SYS_select;

    fn arguments(&mut self) -> [i64; 6] {
        let (set, timeout) = &mut *self.asked;
        *timeout = libc::timeval { tv_sec: 0, tv_usec: 0 };
        // SAFETY: the set is ours, and each descriptor is less than FD_SETSIZE.
        unsafe {
            libc::FD_ZERO(set);
            self.files.iter().for_each(|file| libc::FD_SET(file.as_raw_fd(), set));
        }
        let highest = self.files.iter().map(|file| i64::from(file.as_raw_fd())).max().unwrap_or(0);
        [highest + 1, (&raw mut *set) as i64, 0, 0, (&raw mut *timeout) as i64, 0]
    }

    fn worked(&mut self, result: i64) -> io::Result<bool> {
        Ok(result == self.files.len() as i64)
    }
}
