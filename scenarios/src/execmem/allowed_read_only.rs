//! `mprotect` to less than before, which allocators and loaders do all the time. A policy lets it through.

use std::fs;
use std::io;
use std::sync::atomic::Ordering;

use super::memory::{filled, protect};
use super::text;
use crate::scenario::{Kind, Way};
use crate::scene::Scene;

pub(super) const WAY: Way = Way {
    kind: Kind::Allowed,
    has_effect: Some(super::was_let_through),
    ..Way::ordinary("read-only", "mprotect of written memory to PROT_READ", run)
};

fn run(scene: &Scene) -> io::Result<()> {
    let page = filled()?;
    scene.window(|| protect(page, libc::PROT_READ))?;
    let line = format!("{:x}-", page as usize);
    let maps = fs::read_to_string("/proc/self/maps")?;
    if maps.lines().any(|map| map.starts_with(&line) && map.contains(" r--p ")) {
        scene.shared.values[0].store(text::ANSWER, Ordering::SeqCst);
    }
    Ok(())
}
