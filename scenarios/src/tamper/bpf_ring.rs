//! The ring buffers of BPF programs look full: their readers' position is in memory that anybody who opens the map may
//! write. Set beyond what was written, it leaves no place for records.

use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::ptr;
use std::sync::atomic::{AtomicU64, Ordering};

use super::bpf::{MAP_BY_ID, MAP_NEXT_ID, each, map_info};
use super::{tampering, then_unshare};
use crate::scenario::Way;

/// `BPF_MAP_TYPE_RINGBUF`.
const RING: u32 = 27;
/// Bytes of a page: the reader's position is at the beginning of the first, and the writer's of the second.
const PAGE: usize = 4096;
/// How far the reader is said to be.
const BEYOND: u64 = 1 << 40;

pub(super) const WAY: Way = tampering(
    "bpf-ring",
    "the reader's position of every BPF ring buffer is set beyond the writer's",
    |scene| {
        let rings = rings()?;
        then_unshare(
            scene,
            || rings.iter().try_for_each(|ring| move_reader(ring, BEYOND)),
            || rings.iter().try_for_each(|ring| move_reader(ring, 0)),
        )
    },
);

fn rings() -> io::Result<Vec<OwnedFd>> {
    let mut rings = Vec::new();
    for map in each(MAP_NEXT_ID, MAP_BY_ID)? {
        if map_info(&map)?.0 == RING {
            rings.push(map);
        }
    }
    Ok(rings)
}

/// Sets the reader's position to that of the writer and `distance`.
fn move_reader(ring: &OwnedFd, distance: u64) -> io::Result<()> {
    let reader = page(ring, 0, libc::PROT_READ | libc::PROT_WRITE)?;
    let writer = page(ring, PAGE, libc::PROT_READ)?;
    reader.store(writer.load(Ordering::SeqCst).wrapping_add(distance), Ordering::SeqCst);
    Ok(())
}

/// The position at the beginning of the page of the ring at `offset`.
fn page(ring: &OwnedFd, offset: usize, protection: libc::c_int) -> io::Result<&'static AtomicU64> {
    // SAFETY: maps at an address that the kernel chooses; the mapping stays until the process ends. The kernel made it of
    // a page, which begins with a position.
    unsafe {
        let (fd, offset) = (ring.as_raw_fd(), offset as libc::off_t);
        let place = libc::mmap(ptr::null_mut(), PAGE, protection, libc::MAP_SHARED, fd, offset);
        if place == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        Ok(&*place.cast::<AtomicU64>())
    }
}
