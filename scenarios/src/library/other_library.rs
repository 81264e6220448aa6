//! A library that nobody minds.

use std::io;
use std::sync::atomic::Ordering;

use super::{map_code, open, run_after};
use crate::scenario::{Kind, Way};
use crate::scene::{Scene, Shared};
use crate::sys::path;

/// The file.
pub(super) const NAME: &str = "libother.so";
/// What its code returns.
pub(super) const NUMBER: u32 = 42;

pub(super) const WAY: Way = Way {
    kind: Kind::Allowed,
    has_effect: Some(has_run),
    ..Way::ordinary("other-library", "openat of another library, then mmap(PROT_EXEC)", |scene| {
        let path = path(&scene.path(NAME))?;
        run_after(scene, || map_code(open(&path)?))
    })
};

fn has_run(_: &Scene, shared: &Shared) -> io::Result<bool> {
    Ok(shared.values[0].load(Ordering::SeqCst) == u64::from(NUMBER))
}
