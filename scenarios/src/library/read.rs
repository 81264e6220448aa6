//! The library is read and not run, as scanners and backups do.

use std::fs;
use std::sync::atomic::Ordering;

use super::{LIBRARY, PAGE, worked};
use crate::scenario::{Kind, Way};

pub(super) const WAY: Way = Way {
    kind: Kind::Allowed,
    has_effect: Some(worked),
    ..Way::ordinary("read", "openat and read of the library", |scene| {
        let bytes = scene.window(|| fs::read(LIBRARY))?;
        scene.shared.values[0].store(u64::from(bytes.len() == 2 * PAGE), Ordering::SeqCst);
        Ok(())
    })
};
