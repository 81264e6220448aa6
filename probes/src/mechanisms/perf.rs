//! `perf`: perf events of the tracepoints of the watched system calls, without BPF. The
//! kernel counts them, or writes records into a ring buffer that a reader empties.

use crate::mechanism::mechanism;
use crate::{MechanismInfo, Requires, SinkInfo, Watches};

mechanism!(Perf, INFO, guest::attach);

const REQUIRES: Requires = Requires::config(&["CONFIG_PERF_EVENTS", "CONFIG_FTRACE_SYSCALLS"]);

static INFO: MechanismInfo = MechanismInfo::new(
    "perf",
    &[
        SinkInfo::new("count", Watches::Syscalls, REQUIRES, "the kernel counts"),
        SinkInfo::new(
            "tracepoint",
            Watches::Syscalls,
            REQUIRES,
            "the kernel sends a record of each through per-CPU ring buffers to a reader",
        ),
    ],
    "perf events of the tracepoints syscalls:sys_enter_NAME",
)
.staying("a disabled perf event stays registered at its tracepoint");

#[cfg(feature = "attach")]
mod guest {
    use std::fs;
    use std::io;
    use std::os::fd::AsRawFd;
    use std::time::Duration;

    use anyhow::{Context, Result, bail};
    use hookbench_model::Behaviour;
    use perf_event::data::Record;
    use perf_event::events::Tracepoint;
    use perf_event::{Builder, Counter, SampleFlag, Sampler};

    use crate::attach::reader::{Reader, SharedCounts};
    use crate::attach::{AttachRequest, Attached, Error, EventCounts, tracefs};

    /// The size of a ring buffer; as many pages as BPF's perf buffers have.
    const RING: usize = 64 * 4096;
    /// `PERF_EVENT_IOC_SET_OUTPUT` of linux/perf_event.h.
    const SET_OUTPUT: libc::Ioctl = 0x2405;

    /// After so many looks at the reader without a new record, no more are expected.
    const PATIENCE: u32 = 5;
    const LOOK_AGAIN: Duration = Duration::from_millis(20);

    /// An event on one CPU.
    struct Event {
        cpu: usize,
        /// The tracepoint, by the number that its records carry.
        id: u64,
        counter: Counter,
    }

    /// Events that are on, and their reader if they have one.
    struct Events {
        events: Vec<Event>,
        reader: Option<Reader>,
    }

    pub(super) fn attach(request: &AttachRequest) -> Result<Box<dyn Attached>, Error> {
        Ok(Box::new(open_and_enable(request)?))
    }

    fn open_and_enable(request: &AttachRequest) -> Result<Events> {
        let samples = match request.sink {
            "count" => false,
            "tracepoint" => true,
            other => bail!("perf has no sink {other}"),
        };
        let mut events = open_all(request.behaviour, samples)?;
        // The reader uses the copy in its own process; this process switches the events.
        let read = |counts: &SharedCounts| read_records(std::mem::take(&mut events), counts);
        let reader = if samples { Some(Reader::start(request.readers, read)?) } else { None };
        for event in &mut events {
            event.counter.enable().context("failed to switch a perf event on")?;
        }
        Ok(Events { events, reader })
    }

    fn open_all(behaviour: &Behaviour, samples: bool) -> Result<Vec<Event>> {
        // SAFETY: asks for a number.
        let cpus = unsafe { libc::sysconf(libc::_SC_NPROCESSORS_ONLN) }.max(1) as usize;
        let mut events = Vec::new();
        for syscall in behaviour.syscalls {
            let name = format!("sys_enter_{}", syscall.name);
            let id = tracepoint_id(&name)?;
            for cpu in 0..cpus {
                let counter = open_one(id, cpu, samples)
                    .with_context(|| format!("failed to open a perf event of {name} on CPU {cpu}"))?;
                events.push(Event { cpu, id, counter });
            }
        }
        Ok(events)
    }

    /// The number of a tracepoint of a system call.
    fn tracepoint_id(name: &str) -> Result<u64> {
        let path = tracefs::path(&format!("events/syscalls/{name}/id"));
        let text = fs::read_to_string(&path).with_context(|| format!("failed to read {}", path.display()))?;
        text.trim_end().parse().with_context(|| format!("{} has no number", path.display()))
    }

    fn open_one(id: u64, cpu: usize, samples: bool) -> io::Result<Counter> {
        let mut builder = Builder::new(Tracepoint::with_id(id));
        // The tracepoint is in the kernel: without this, nothing counts.
        builder.any_pid().one_cpu(cpu).include_kernel();
        if samples {
            builder.sample(SampleFlag::TID).sample(SampleFlag::TIME).sample(SampleFlag::RAW);
            // A record of each event, and a wake-up of the reader for each.
            builder.sample_period(1).wakeup_events(1);
        }
        builder.build()
    }

    /// The reader: one ring buffer per CPU, into which all events of that CPU go.
    fn read_records(events: Vec<Event>, counts: &SharedCounts) -> Result<()> {
        let known: Vec<u64> = events.iter().map(|event| event.id).collect();
        let mut rings: Vec<(usize, Sampler)> = Vec::new();
        // Events that write into another event's ring must stay open too.
        let mut others = Vec::new();
        for Event { cpu, counter, .. } in events {
            match rings.iter().find(|(of, _)| *of == cpu) {
                Some((_, ring)) => {
                    redirect(&counter, ring).context("failed to share a ring buffer")?;
                    others.push(counter);
                }
                None => rings.push((cpu, counter.sampled(RING).context("failed to map a ring buffer")?)),
            }
        }
        let mut wanted: Vec<libc::pollfd> = rings
            .iter()
            .map(|(_, ring)| libc::pollfd { fd: ring.as_raw_fd(), events: libc::POLLIN, revents: 0 })
            .collect();
        counts.ready();
        loop {
            for (_, ring) in &mut rings {
                while let Some(record) = ring.next_record() {
                    count_record(record.parse_record()?, &known, counts);
                }
            }
            // SAFETY: `wanted` is valid for its length.
            unsafe { libc::poll(wanted.as_mut_ptr(), wanted.len() as libc::nfds_t, -1) };
        }
    }

    fn redirect(counter: &Counter, ring: &Sampler) -> io::Result<()> {
        // SAFETY: both are open perf events.
        match unsafe { libc::ioctl(counter.as_raw_fd(), SET_OUTPUT, ring.as_raw_fd()) } {
            0 => Ok(()),
            _ => Err(io::Error::last_os_error()),
        }
    }

    fn count_record(record: Record<'_>, known: &[u64], counts: &SharedCounts) {
        match record {
            // It comes with the next record that finds room, and so never for the records
            // lost last. The events' own counts say how many are missing.
            Record::Lost(_) => {}
            Record::Sample(sample) => {
                // What the tracepoint writes begins with its number, in 16 bits.
                let id = sample.raw().and_then(|raw| raw.first_chunk()).map(|two| u16::from_ne_bytes(*two));
                match id.is_some_and(|id| known.contains(&id.into())) {
                    true => counts.event(),
                    false => counts.wrong(),
                }
            }
            _ => counts.wrong(),
        }
    }

    impl Events {
        /// How many events the kernel has counted, including those for which the ring had no
        /// room.
        fn counted(&mut self) -> Result<u64> {
            let mut made = 0;
            for event in &mut self.events {
                made += event.counter.read().context("failed to read the count of a perf event")?;
            }
            Ok(made)
        }
    }

    /// How many of `made` events the reader has read, once the number stops growing.
    fn settled_count(made: u64, reader: &Reader) -> Result<u64> {
        let (mut seen, mut looks) = (reader.counted()?.read, 0);
        while seen < made && looks < PATIENCE {
            std::thread::sleep(LOOK_AGAIN);
            let again = reader.counted()?.read;
            looks = if again == seen { looks + 1 } else { 0 };
            seen = again;
        }
        Ok(seen)
    }

    impl Attached for Events {
        fn seen(&mut self) -> Result<EventCounts> {
            let made = self.counted()?;
            let seen = match &self.reader {
                Some(reader) => settled_count(made, reader)?,
                None => made,
            };
            Ok(EventCounts { seen, lost: made.saturating_sub(seen) })
        }

        fn detach(&mut self) -> Result<()> {
            for event in &mut self.events {
                event.counter.disable().context("failed to switch a perf event off")?;
            }
            Ok(())
        }
    }
}
