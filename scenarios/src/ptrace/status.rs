//! Reading about another process, which changes nothing.

use std::fs;
use std::sync::atomic::Ordering;

use super::{NEIGHBOURS_VICTIM, worked};
use crate::scenario::{Kind, Way};

pub(super) const WAY: Way = Way {
    kind: Kind::Allowed,
    has_effect: Some(worked),
    ..Way::ordinary("status", "read of /proc/PID/status and /proc/PID/maps", |scene| {
        let victim = scene.shared.values[NEIGHBOURS_VICTIM].load(Ordering::SeqCst);
        let files = ["status", "maps"].map(|name| format!("/proc/{victim}/{name}"));
        let texts = scene.window(|| Ok([fs::read(&files[0])?, fs::read(&files[1])?]))?;
        scene.shared.values[0].store(u64::from(texts.iter().all(|text| !text.is_empty())), Ordering::SeqCst);
        Ok(())
    })
};
