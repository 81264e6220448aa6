//! Reads records from a ring buffer and from perf buffers by aya, for ever. The reader
//! sleeps in `epoll_wait`, as libbpf's does: the wake-up is part of an event's cost, and
//! must not differ between the loaders.

use std::os::fd::AsFd;

use anyhow::{Context, Result, anyhow};
use aya::maps::perf::PerfEvent;
use aya::maps::{Map, PerfEventArray, RingBuf};
use aya::util::online_cpus;
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};

use crate::attach::bpf::layout::{Carried, PERF_PAGES};
use crate::attach::reader::SharedCounts;

/// A function that reads a map's records and returns only with an error.
pub(super) type ReadBuffer = fn(&mut Map, &SharedCounts, Carried) -> Result<()>;

pub(super) fn read_ring(map: &mut Map, counts: &SharedCounts, carried: Carried) -> Result<()> {
    let mut ring = RingBuf::try_from(map).context("failed to map the ring buffer")?;
    let epoll = watch_all(&[&ring])?;
    counts.ready();
    loop {
        wait(&epoll)?;
        while let Some(record) = ring.next() {
            carried.count(&record, counts);
        }
    }
}

pub(super) fn read_perf(map: &mut Map, counts: &SharedCounts, carried: Carried) -> Result<()> {
    let mut perf = PerfEventArray::try_from(map)?;
    let cpus = online_cpus().map_err(|(file, error)| anyhow!("failed to read {file}: {error}"))?;
    let open = cpus.into_iter().map(|cpu| perf.open(cpu, Some(PERF_PAGES)));
    let mut buffers = open.collect::<Result<Vec<_>, _>>().context("failed to map the perf buffers")?;
    let epoll = watch_all(&buffers)?;
    counts.ready();
    loop {
        wait(&epoll)?;
        for buffer in &mut buffers {
            buffer.for_each(|event| match event {
                PerfEvent::Sample { head, tail: [] } => carried.count(head, counts),
                // The record wraps around the end of the buffer.
                PerfEvent::Sample { head, tail } => carried.count(&[head, tail].concat(), counts),
                PerfEvent::Lost { count } => counts.add_lost(count),
            });
        }
    }
}

fn watch_all(buffers: &[impl AsFd]) -> Result<Epoll> {
    let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC).context("failed to create an epoll instance")?;
    for buffer in buffers {
        epoll.add(buffer, EpollEvent::new(EpollFlags::EPOLLIN, 0)).context("failed to watch a buffer")?;
    }
    Ok(epoll)
}

/// Sleeps until a buffer has a record; there is no time limit.
fn wait(epoll: &Epoll) -> Result<()> {
    epoll.wait(&mut [EpollEvent::empty()], EpollTimeout::NONE).context("failed to wait for a buffer")?;
    Ok(())
}
