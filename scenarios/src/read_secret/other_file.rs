//! Another file in the same folder, of the same user and with the same mode.

use std::fs;
use std::sync::atomic::Ordering;

use super::worked;
use crate::scenario::{Kind, Way};

/// The file.
pub(super) const NAME: &str = "other";

pub(super) const WAY: Way = Way {
    kind: Kind::Allowed,
    has_effect: Some(worked),
    ..Way::ordinary("other-file", "openat and read of the file beside it", |scene| {
        let path = scene.path(NAME);
        let bytes = scene.window(|| fs::read(path))?;
        scene.shared.values[0].store(u64::from(!bytes.is_empty()), Ordering::SeqCst);
        Ok(())
    })
};
