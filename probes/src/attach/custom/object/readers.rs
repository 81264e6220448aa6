//! The readers of an object's buffers: one for all ring buffers, one for each perf buffer. A
//! program may send records without a wake-up, for an agent that looks into the buffer now and
//! then; the reader of ring buffers looks, too.

use std::cell::Cell;
use std::io;
use std::ptr;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use libbpf_rs::{
    AsRawLibbpf, Map, MapCore, MapType, Object, PerfBufferBuilder, RingBuffer, RingBufferBuilder,
};

use crate::attach::AttachRequest;
use crate::attach::bpf::PERF_PAGES;
use crate::attach::reader::{Reader, SharedCounts, map_shared};

/// A reader without a time limit sleeps until it is woken.
const FOREVER: Duration = Duration::from_secs(3600);
/// As long as no record has woken it, the reader of ring buffers looks by itself so often.
const BETWEEN_LOOKS: Duration = Duration::from_millis(20);

/// The most ring buffers of which hookbench knows whether they were full.
const MOST_RINGS: usize = 64;
/// The header of a record, and what its size is rounded up to.
const HEADER: u64 = 8;

/// What the reader of ring buffers has found out, in memory that it shares with the agent.
#[repr(C)]
struct RingFacts {
    /// Records that it found by looking.
    unannounced: AtomicU64,
    /// For each ring buffer, whether it had no room for another record.
    full: [AtomicU32; MOST_RINGS],
}

/// The readers of an object.
pub(super) struct Readers {
    /// The reader of ring buffers, if there are any.
    rings: Option<(Reader, &'static RingFacts)>,
    perf: Vec<Reader>,
    /// The names and sizes of the ring buffers.
    names: Vec<(String, u32)>,
}

impl Readers {
    /// Starts a reader for all ring buffers and one for each perf buffer.
    ///
    /// # Errors
    /// When one does not start.
    pub(super) fn start(object: &Object, request: &AttachRequest) -> Result<Readers> {
        let maps: Vec<Map<'_>> = object.maps().collect();
        let of = |kind| maps.iter().filter(move |map| map.map_type() == kind).collect::<Vec<_>>();
        let buffers = of(MapType::RingBuf);
        let name = |map: &&Map<'_>| (map.name().to_string_lossy().into_owned(), map.max_entries());
        let names = buffers.iter().map(name).collect();
        let rings = match buffers.is_empty() {
            true => None,
            false => {
                // SAFETY: all its fields are atomics, for which zero is valid.
                let facts: &RingFacts = unsafe { map_shared() }.context("failed to map a reader's memory")?;
                let reader = Reader::start(request.readers, |counts| read_rings(&buffers, counts, facts))?;
                Some((reader, facts))
            }
        };
        let mut perf = Vec::new();
        for map in of(MapType::PerfEventArray) {
            perf.push(Reader::start(request.readers, |counts| read_perf(map, counts))?);
        }
        Ok(Readers { rings, perf, names })
    }

    /// Makes the readers look, and says what they have read so far; `None` without buffers.
    ///
    /// # Errors
    /// When a reader has ended.
    pub(super) fn note(&self) -> Result<Option<String>> {
        let (mut read, mut lost) = (0, 0);
        for reader in self.rings.iter().map(|(reader, _)| reader).chain(&self.perf) {
            let count = reader.counted()?;
            (read, lost) = (read + count.read, lost + count.lost);
        }
        if self.rings.is_none() && self.perf.is_empty() {
            return Ok(None);
        }
        let mut note = format!("{read} records read and {lost} lost");
        if let Some((reader, facts)) = &self.rings {
            let unannounced = facts.unannounced.load(Ordering::SeqCst);
            if unannounced > 0 {
                note += &format!(
                    "; {unannounced} of them were never announced (BPF_RB_NO_WAKEUP): read by looking"
                );
            }
            note += "; records that find no room in a ring buffer are not counted";
            reader.nudge();
        }
        Ok(Some(note))
    }

    /// A line for each ring buffer that was full.
    pub(super) fn full(&self) -> Vec<String> {
        let Some((_, facts)) = &self.rings else { return Vec::new() };
        let full = self.names.iter().zip(&facts.full).filter(|(_, full)| full.load(Ordering::SeqCst) > 0);
        let line = |((name, size), _): (&(String, u32), _)| {
            format!(
                "its ring buffer {name} was full ({} KiB): later records found no room, and operations \
                 without a record cost less",
                size >> 10
            )
        };
        full.map(line).collect()
    }
}

/// How much room a record takes.
fn room(record: usize) -> u64 {
    (record as u64).next_multiple_of(8) + HEADER
}

/// Whether a ring buffer of which so many bytes are used has no room for another record. The
/// kernel never fills one to its last byte.
fn is_full(used: u64, size: u64, record: u64) -> bool {
    used > 0 && used + record >= size
}

fn read_rings(maps: &[&Map<'_>], counts: &SharedCounts, facts: &RingFacts) -> Result<()> {
    let largest: Vec<Cell<u64>> = maps.iter().map(|_| Cell::new(HEADER)).collect();
    let mut builder = RingBufferBuilder::new();
    for (map, largest) in maps.iter().zip(&largest) {
        builder.add(*map, move |record| {
            counts.event();
            largest.set(largest.get().max(room(record.len())));
            0
        })?;
    }
    let rings = builder.build().context("failed to map a ring buffer")?;
    wake_by_signal()?;
    counts.ready();
    let mut is_announced = false;
    loop {
        let woken = wait(&rings, if is_announced { FOREVER } else { BETWEEN_LOOKS })?;
        let used: Vec<(u64, u64)> = (0..maps.len()).map(|ring| usage(&rings, ring)).collect();
        let read = rings.consume_raw();
        let read = u64::try_from(read).map_err(|_| anyhow!(io::Error::from_raw_os_error(-read)))?;
        is_announced |= woken && read > 0;
        if !woken {
            facts.unannounced.fetch_add(read, Ordering::SeqCst);
        }
        for (((used, size), largest), full) in used.into_iter().zip(&largest).zip(&facts.full) {
            if is_full(used, size, largest.get()) {
                full.store(1, Ordering::SeqCst);
            }
        }
    }
}

/// Waits for a record. Returns whether one was announced; not if the time is up, or the agent
/// asks to look.
fn wait(rings: &RingBuffer<'_>, limit: Duration) -> Result<bool> {
    let mut event = libc::epoll_event { events: 0, u64: 0 };
    // SAFETY: `event` has room for one event and outlives the call.
    match unsafe { libc::epoll_wait(rings.epoll_fd(), &mut event, 1, limit.as_millis() as i32) } {
        -1 => match io::Error::last_os_error() {
            error if error.kind() == io::ErrorKind::Interrupted => Ok(false),
            error => Err(error).context("failed to wait for records"),
        },
        events => Ok(events > 0),
    }
}

/// How many bytes of a ring buffer are used, and how many it has.
fn usage(rings: &RingBuffer<'_>, index: usize) -> (u64, u64) {
    // SAFETY: the ring buffers live as long as `rings`; libbpf returns null for an unknown index.
    unsafe {
        let ring = libbpf_sys::ring_buffer__ring(rings.as_libbpf_object().as_ptr(), index as u32);
        if ring.is_null() {
            return (0, 0);
        }
        (libbpf_sys::ring__avail_data_size(ring), libbpf_sys::ring__size(ring))
    }
}

/// Lets [`Reader::nudge`] end a wait.
fn wake_by_signal() -> Result<()> {
    extern "C" fn nothing(_: libc::c_int) {}
    // SAFETY: the action is plain data, made zero and filled; its handler does nothing.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = nothing as *const () as usize;
        if libc::sigaction(libc::SIGUSR1, &action, ptr::null_mut()) != 0 {
            return Err(io::Error::last_os_error()).context("failed to handle a signal");
        }
    }
    Ok(())
}

fn read_perf(map: &Map<'_>, counts: &SharedCounts) -> Result<()> {
    let perf = PerfBufferBuilder::new(map)
        .pages(PERF_PAGES)
        .sample_cb(|_, _: &[u8]| counts.event())
        .lost_cb(|_, events| counts.add_lost(events))
        .build()
        .context("failed to map perf buffers")?;
    counts.ready();
    loop {
        perf.poll(FOREVER)?;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_record_takes_its_rounded_size_and_a_header() {
        assert_eq!([0, 1, 8, 888].map(room), [8, 16, 16, 896]);
    }

    #[test]
    fn a_ring_buffer_is_full_when_another_record_would_reach_its_end() {
        // The kernel puts 31 records of 512 bytes into 16 KiB.
        assert!(is_full(31 * 512, 16 << 10, 512) && !is_full(30 * 512, 16 << 10, 512));
        assert!(!is_full(0, 4096, 8192));
    }
}
