//! Read records out of a ring buffer and out of perf buffers by aya, for ever. The
//! reader sleeps in `epoll_wait`, as libbpf's does: the wake-up is part of what an
//! event costs, and shall not differ between the loaders.

use std::os::fd::AsFd;

use anyhow::{Context, Result, anyhow};
use aya::maps::perf::PerfEvent;
use aya::maps::{Map, PerfEventArray, RingBuf};
use aya::util::online_cpus;
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};

use crate::attach::layout::{PERF_PAGES, take};
use crate::attach::reader::Counts;

/// A function that reads a map's records and ends with an error alone.
pub(super) type Read = fn(&mut Map, &Counts, Option<&str>) -> Result<()>;

pub(super) fn read_ring(map: &mut Map, counts: &Counts, ld_preload: Option<&str>) -> Result<()> {
    let mut ring = RingBuf::try_from(map).context("failed to map the ring buffer")?;
    let epoll = watch(&[&ring])?;
    counts.ready();
    loop {
        wait(&epoll)?;
        while let Some(record) = ring.next() {
            take(&record, counts, ld_preload);
        }
    }
}

pub(super) fn read_perf(map: &mut Map, counts: &Counts, ld_preload: Option<&str>) -> Result<()> {
    let mut perf = PerfEventArray::try_from(map)?;
    let cpus = online_cpus().map_err(|(file, error)| anyhow!("failed to read {file}: {error}"))?;
    let open = cpus.into_iter().map(|cpu| perf.open(cpu, Some(PERF_PAGES)));
    let mut buffers = open.collect::<Result<Vec<_>, _>>().context("failed to map the perf buffers")?;
    let epoll = watch(&buffers)?;
    counts.ready();
    loop {
        wait(&epoll)?;
        for buffer in &mut buffers {
            buffer.for_each(|event| match event {
                PerfEvent::Sample { head, tail: [] } => take(head, counts, ld_preload),
                // It goes round the end of the buffer.
                PerfEvent::Sample { head, tail } => take(&[head, tail].concat(), counts, ld_preload),
                PerfEvent::Lost { count } => counts.lose(count),
            });
        }
    }
}

fn watch(buffers: &[impl AsFd]) -> Result<Epoll> {
    let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC).context("failed to make an epoll")?;
    for buffer in buffers {
        epoll.add(buffer, EpollEvent::new(EpollFlags::EPOLLIN, 0)).context("failed to watch a buffer")?;
    }
    Ok(epoll)
}

/// No time limit: a reader sleeps until it is woken.
fn wait(epoll: &Epoll) -> Result<()> {
    epoll.wait(&mut [EpollEvent::empty()], EpollTimeout::NONE).context("failed to wait for a buffer")?;
    Ok(())
}
