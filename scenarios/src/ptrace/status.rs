//! Reading about another process, which changes nothing.

use std::fs;
use std::sync::atomic::Ordering;

use super::{victim, worked};
use crate::scenario::{Kind, Way};

pub(super) const WAY: Way = Way {
    kind: Kind::Allowed,
    has_effect: Some(worked),
    unpriced: Some("it reads about a process that has the memory of the one that attached the policy"),
    ..Way::ordinary("status", "read of /proc/PID/status and /proc/PID/maps", |scene| {
        let files = ["status", "maps"].map(|name| format!("/proc/{}/{name}", victim()));
        let texts = scene.window(|| Ok([fs::read(&files[0])?, fs::read(&files[1])?]))?;
        scene.shared.values[0].store(u64::from(texts.iter().all(|text| !text.is_empty())), Ordering::SeqCst);
        Ok(())
    })
};
