//! `BPF_LINK_DETACH` of every link.

use std::io;
use std::os::fd::AsRawFd;

use super::bpf::{Attributes, LINK_BY_ID, LINK_DETACH, LINK_NEXT_ID, bpf, each};
use super::{tampering, then_unshare};
use crate::scenario::Way;

pub(super) const WAY: Way = tampering("bpf-links", "BPF_LINK_DETACH of every link, by its id", |scene| {
    then_unshare(scene, detach_all, || Ok(()))
});

fn detach_all() -> io::Result<()> {
    let results = each(LINK_NEXT_ID, LINK_BY_ID)?;
    let detach = |link: i32| bpf(LINK_DETACH, &mut Attributes::new().with(0, link as u32)).map(drop);
    // Each is tried, also after one that the kernel refuses.
    let results: Vec<io::Result<()>> = results.iter().map(|link| detach(link.as_raw_fd())).collect();
    results.into_iter().collect()
}
