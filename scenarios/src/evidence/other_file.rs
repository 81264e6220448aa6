//! Another file beside the log.

use std::fs;
use std::sync::atomic::Ordering;

use super::worked;
use crate::scenario::{Kind, Way};

/// The file.
pub(super) const NAME: &str = "other";

pub(super) const WAY: Way = Way {
    kind: Kind::Allowed,
    has_effect: Some(worked),
    ..Way::ordinary("other-file", "openat(O_TRUNC) and unlink of the file beside it", |scene| {
        let path = scene.path(NAME);
        scene.window(|| {
            fs::write(&path, b"")?;
            fs::remove_file(&path)
        })?;
        scene.shared.values[0].store(1, Ordering::SeqCst);
        Ok(())
    })
};
