//! Reads records from a ring buffer and from perf buffers by libbpf, for ever.

use std::time::Duration;

use anyhow::{Context, Result, anyhow};
use libbpf_rs::{Map, MapCore, Object, PerfBufferBuilder, RingBufferBuilder};

use crate::attach::AttachRequest;
use crate::attach::bpf::layout::{Carried, PERF_PAGES};
use crate::attach::reader::{Reader, SharedCounts};

/// A reader without a time limit sleeps until it is woken.
const FOREVER: Duration = Duration::from_secs(3600);

/// Starts the reader of the sink's buffer; `None` when the sink has no buffer.
pub(super) fn start_reader(object: &Object, request: &AttachRequest) -> Result<Option<Reader>> {
    let name = match request.sink {
        "ringbuf" => "ring",
        "perfbuf" => "perf",
        _ => return Ok(None),
    };
    let map = object.maps().find(|map| map.name() == name);
    let map = map.ok_or_else(|| anyhow!("the object has no map {name}"))?;
    let carried = Carried::of(request);
    let reader = Reader::start(request.readers, |counts| match name {
        "ring" => read_ring(&map, counts, carried),
        _ => read_perf(&map, counts, carried),
    });
    Ok(Some(reader?))
}

fn read_ring(map: &Map<'_>, counts: &SharedCounts, carried: Carried) -> Result<()> {
    let mut builder = RingBufferBuilder::new();
    builder.add(map, |record| {
        carried.count(record, counts);
        0
    })?;
    let ring = builder.build().context("failed to map the ring buffer")?;
    counts.ready();
    loop {
        ring.poll(FOREVER)?;
    }
}

fn read_perf(map: &Map<'_>, counts: &SharedCounts, carried: Carried) -> Result<()> {
    let perf = PerfBufferBuilder::new(map)
        .pages(PERF_PAGES)
        .sample_cb(|_, record: &[u8]| carried.count(record, counts))
        .lost_cb(|_, events| counts.add_lost(events))
        .build()
        .context("failed to map the perf buffers")?;
    counts.ready();
    loop {
        perf.poll(FOREVER)?;
    }
}
