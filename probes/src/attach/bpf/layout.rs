//! What a loader has to know of bpf/watch.bpf.h: the names of programs, the configuration
//! it sets, the records and the counters.

use hookbench_model::{BEHAVIOURS, Behaviour};

use crate::BpfHook;
use crate::attach::reader::{Reader, SharedCounts};
use crate::attach::{AttachRequest, EventCounts};
use crate::slots::{SLOTS, SYSCALL_NUMBERS};

/// Pages of a perf buffer, per CPU; a power of two.
pub(in crate::attach) const PERF_PAGES: usize = 64;

/// A program of an object, and the behaviours that it is attached for.
pub(super) struct ProgramPart<'a> {
    pub(super) name: String,
    pub(super) behaviours: &'a [&'static Behaviour],
}

/// The programs that the request needs at `hook`.
pub(super) fn parts<'a>(hook: BpfHook, request: &AttachRequest<'a>) -> Vec<ProgramPart<'a>> {
    if hook.is_shared() {
        return vec![ProgramPart { name: request.sink.into(), behaviours: request.behaviours }];
    }
    let each = request.behaviours.chunks(1);
    each.filter_map(|rows| {
        Some(ProgramPart { name: program_name(request.sink, rows.first()?), behaviours: rows })
    })
    .collect()
}

/// The name of the program for a sink and a behaviour, as the macros in watch.bpf.h make it.
pub(super) fn program_name(sink: &str, behaviour: &Behaviour) -> String {
    format!("{sink}_{}", behaviour.name.replace('-', "_"))
}

/// The bytes of `config`.
pub(super) type ConfigBytes = [u8; SYSCALL_NUMBERS];

/// The value of `config` for programs at `hook`: a shared program looks a behaviour up by
/// the number of its system call.
pub(super) fn config(hook: BpfHook, request: &AttachRequest) -> ConfigBytes {
    if hook.is_shared() { config_of(request.behaviours) } else { config_of(&[]) }
}

fn config_of(behaviours: &[&'static Behaviour]) -> ConfigBytes {
    let mut config = [0; SYSCALL_NUMBERS];
    for behaviour in behaviours {
        for syscall in behaviour.syscalls {
            if let Some(slot) = config.get_mut(syscall.number as usize) {
                *slot = behaviour.index() as u8 + 1;
            }
        }
    }
    config
}

/// Where a record has its behaviour and, after its end, the value of LD_PRELOAD.
const BEHAVIOUR_AT: usize = 12;
const RECORD_SIZE: usize = 32;

/// Counts a record.
pub(super) fn count_record(record: &[u8], counts: &SharedCounts, ld_preload: Option<&str>) {
    let index = record.get(BEHAVIOUR_AT..BEHAVIOUR_AT + 4).and_then(|bytes| bytes.try_into().ok());
    let Some(index) = index.map(u32::from_ne_bytes) else {
        return counts.wrong();
    };
    if let (Some(value), Some("exec")) = (ld_preload, name_at(index)) {
        let carried = record.get(RECORD_SIZE..).and_then(|rest| rest.split(|&byte| byte == 0).next());
        if carried != Some(value.as_bytes()) {
            return counts.wrong();
        }
    }
    counts.event(index as usize);
}

fn name_at(index: u32) -> Option<&'static str> {
    BEHAVIOURS.get(index as usize).map(|behaviour| behaviour.name)
}

/// `struct stats` of watch.bpf.h.
pub(in crate::attach) struct SlotCounters {
    pub(in crate::attach) seen: u64,
    pub(in crate::attach) lost: u64,
    pub(in crate::attach) refused: u64,
}

const COUNTERS_SIZE: usize = 24;

/// The size of the counters of all slots.
pub(super) const ALL_COUNTERS_SIZE: usize = SLOTS * COUNTERS_SIZE;

impl SlotCounters {
    /// Reads the counters of `slot` from the value of the map `.bss`.
    pub(super) fn read(value: &[u8], slot: usize) -> SlotCounters {
        let number = |offset: usize| {
            let at = slot * COUNTERS_SIZE + offset;
            value.get(at..at + 8).and_then(|bytes| bytes.try_into().ok()).map_or(0, u64::from_ne_bytes)
        };
        SlotCounters { seen: number(0), lost: number(8), refused: number(16) }
    }

    /// What the monitor saw of `behaviour`, whose counters these are. If the sink has a
    /// reader, that is what the reader has read.
    pub(super) fn event_counts(
        &self,
        reader: Option<&Reader>,
        behaviour: &Behaviour,
    ) -> anyhow::Result<EventCounts> {
        let SlotCounters { seen, lost, .. } = *self;
        match reader.map(|reader| reader.counted(behaviour.index())).transpose()? {
            Some(count) => Ok(EventCounts { seen: count.read, lost: lost + count.lost, of_all: false }),
            None => Ok(EventCounts { seen, lost, of_all: false }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_configuration_names_each_watched_system_call() {
        let exec = Behaviour::find("exec").unwrap();
        let userns = Behaviour::find("userns").unwrap();
        let config = config_of(&[exec, userns]);
        assert_eq!((config[59], config[322], config[272], config[39]), (1, 1, 2, 0));
    }

    #[test]
    fn there_is_a_program_for_each_behaviour_of_the_table() {
        let header = include_str!(concat!(env!("OUT_DIR"), "/behaviours.bpf.h"));
        for behaviour in BEHAVIOURS {
            let name = program_name("count", behaviour);
            let program = format!("PROGRAM({})", name.strip_prefix("count_").unwrap());
            assert!(header.contains(&program), "{program}");
        }
        assert_eq!(header.matches("PROGRAM(").count(), BEHAVIOURS.len());
    }

    #[test]
    fn maps_have_the_sizes_that_published_numbers_were_measured_with() {
        assert_eq!((ALL_COUNTERS_SIZE, SYSCALL_NUMBERS), (192, 512));
    }
}
