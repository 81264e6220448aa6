//! BPF programs that record the path (`probes/policies/race/watch.bpf.c`), and the map in which they do.

use std::os::fd::{AsFd, AsRawFd};
use std::ptr;

use anyhow::{Context, Result};
use libbpf_rs::{Link, MapCore, Object};

use super::Watch;
use crate::guest::policies::open_object;
use crate::race::RacedCall;

/// `struct seen` of the program.
#[repr(C)]
struct Seen {
    process: u32,
    number: u32,
    records: u64,
    path: [u8; 64],
}

/// An attached program.
pub(super) struct Program {
    seen: *mut Seen,
    number: u32,
    _link: Link,
    _object: Object,
}

/// Loads and attaches the program called `name`.
///
/// # Errors
/// When the kernel refuses.
pub(super) fn attach(name: &str, call: RacedCall) -> Result<Program> {
    let mut open = open_object("race/watch")?.context("the object race/watch is missing")?;
    for mut program in open.progs_mut() {
        let is_wanted = program.name() == name;
        program.set_autoload(is_wanted);
    }
    let object = open.load().with_context(|| format!("failed to load {name}"))?;
    let program = object.progs_mut().find(|program| program.name() == name);
    let link = program.context("the program is missing")?.attach();
    let link = link.with_context(|| format!("failed to attach {name}"))?;
    let map = object.maps().find(|map| map.name() == "seen").context("the program has no map")?;
    let (protection, flags) = (libc::PROT_READ | libc::PROT_WRITE, libc::MAP_SHARED);
    // SAFETY: maps at an address that the kernel chooses; the mapping stays until the process ends.
    let place = unsafe {
        libc::mmap(ptr::null_mut(), size_of::<Seen>(), protection, flags, map.as_fd().as_raw_fd(), 0)
    };
    if place == libc::MAP_FAILED {
        return Err(std::io::Error::last_os_error()).context("failed to map the records");
    }
    Ok(Program { seen: place.cast(), number: call.number() as u32, _link: link, _object: object })
}

impl Watch for Program {
    fn arm(&self) -> Result<()> {
        let seen = Seen { process: std::process::id(), number: self.number, records: 0, path: [0; 64] };
        // SAFETY: the mapping is as large as `Seen` and stays; the program writes only what the process's own calls
        // make it write.
        unsafe { self.seen.write_volatile(seen) };
        Ok(())
    }

    fn record(&self) -> Result<Option<String>> {
        // SAFETY: as above; all bytes are valid.
        let seen = unsafe { self.seen.read_volatile() };
        let path = seen.path.split(|&byte| byte == 0).next().unwrap_or_default();
        Ok((seen.records > 0).then(|| String::from_utf8_lossy(path).into_owned()))
    }
}
