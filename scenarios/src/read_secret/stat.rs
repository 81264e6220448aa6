//! The secret's size, which is no secret.

use std::fs;
use std::sync::atomic::Ordering;

use super::{LENGTH, SECRET, worked};
use crate::scenario::{Kind, Way};

pub(super) const WAY: Way = Way {
    kind: Kind::Allowed,
    has_effect: Some(worked),
    ..Way::ordinary("stat", "statx of the secret", |scene| {
        let file = scene.window(|| fs::metadata(SECRET))?;
        scene.shared.values[0].store(u64::from(file.len() == LENGTH as u64), Ordering::SeqCst);
        Ok(())
    })
};
