//! The program read as data, as a backup does it. A policy lets it through.

use std::fs;
use std::io;
use std::sync::atomic::Ordering;

use super::scene_files::VULNERABLE;
use crate::scenario::{Kind, Way};
use crate::scene::{Scene, Shared};

pub(super) const WAY: Way = Way {
    kind: Kind::Allowed,
    has_effect: Some(has_effect),
    ..Way::ordinary("read", "reads it, as a backup does", |scene| {
        let bytes = scene.window(|| fs::read(VULNERABLE))?;
        scene.shared.values[0].store(word(&bytes), Ordering::SeqCst);
        Ok(())
    })
};

/// The first bytes, as a number that is not 0.
fn word(bytes: &[u8]) -> u64 {
    bytes.first_chunk().map_or(0, |bytes| u64::from_le_bytes(*bytes))
}

fn has_effect(_: &Scene, shared: &Shared) -> io::Result<bool> {
    Ok(shared.values[0].load(Ordering::SeqCst) == word(&fs::read(VULNERABLE)?))
}
