//! Zeros into every map with a single value, where programs keep their settings.

use std::io;
use std::os::fd::{AsRawFd, OwnedFd};

use super::bpf::{Attributes, MAP_BY_ID, MAP_NEXT_ID, MAP_UPDATE, bpf, each, map_info};
use super::{tampering, then_unshare};
use crate::scenario::Way;

/// `BPF_MAP_TYPE_ARRAY`.
const ARRAY: u32 = 2;

pub(super) const WAY: Way = tampering("bpf-maps", "zeros into every BPF map with a single value", |scene| {
    then_unshare(scene, clear_all, || Ok(()))
});

fn clear_all() -> io::Result<()> {
    let maps = each(MAP_NEXT_ID, MAP_BY_ID)?;
    // Each is tried, also after one that the kernel refuses.
    let results: Vec<io::Result<()>> = maps.iter().map(clear).collect();
    results.into_iter().collect()
}

fn clear(map: &OwnedFd) -> io::Result<()> {
    let (kind, size, entries) = map_info(map)?;
    if kind != ARRAY || entries != 1 {
        return Ok(());
    }
    let (key, value) = (0_u32, vec![0_u8; size as usize]);
    let attributes = Attributes::new().with(0, map.as_raw_fd() as u32);
    bpf(MAP_UPDATE, &mut attributes.with_pointer(2, &raw const key).with_pointer(4, value.as_ptr())).map(drop)
}
