//! What a loader has to know of bpf/watch.bpf.h: the configuration it sets, the records and
//! the counters.

use hookbench_model::Behaviour;

use crate::attach::reader::{Reader, SharedCounts};
use crate::attach::{AttachRequest, EventCounts};
use crate::room::SYSCALL_NUMBERS;

/// Pages of a perf buffer, per CPU; a power of two.
pub(in crate::attach) const PERF_PAGES: usize = 64;

/// Where the parts of `config` are.
const FLAG_AT: usize = 4;
const WATCHED_AT: usize = 8;

/// The bytes of `config`.
pub(super) type ConfigBytes = [u8; WATCHED_AT + SYSCALL_NUMBERS];

/// The value of `config` for programs that watch `behaviour`.
pub(super) fn config(behaviour: &Behaviour) -> ConfigBytes {
    let mut config = [0; WATCHED_AT + SYSCALL_NUMBERS];
    let numbers = [behaviour.index() as u32, behaviour.flag];
    for (bytes, number) in config[..FLAG_AT + 4].chunks_exact_mut(4).zip(numbers) {
        bytes.copy_from_slice(&number.to_ne_bytes());
    }
    for syscall in behaviour.syscalls {
        if let Some(watched) = config[WATCHED_AT..].get_mut(syscall.number as usize) {
            *watched = 1;
        }
    }
    config
}

/// Where a record has its behaviour and, after its end, the value of LD_PRELOAD.
const BEHAVIOUR_AT: usize = 12;
const RECORD_SIZE: usize = 32;

/// What each record has to carry.
#[derive(Debug, Clone, Copy)]
pub(super) struct Carried {
    behaviour: &'static Behaviour,
    ld_preload: Option<&'static str>,
}

impl Carried {
    /// What the records of the programs of `request` have to carry.
    pub(super) fn of(request: &AttachRequest) -> Carried {
        Carried { behaviour: request.behaviour, ld_preload: request.ld_preload }
    }

    /// Counts a record.
    pub(super) fn count(self, record: &[u8], counts: &SharedCounts) {
        let index = record.get(BEHAVIOUR_AT..BEHAVIOUR_AT + 4).and_then(|bytes| bytes.try_into().ok());
        if index.map(u32::from_ne_bytes) != Some(self.behaviour.index() as u32) {
            return counts.wrong();
        }
        if let (Some(value), "exec") = (self.ld_preload, self.behaviour.name) {
            let carried = record.get(RECORD_SIZE..).and_then(|rest| rest.split(|&byte| byte == 0).next());
            if carried != Some(value.as_bytes()) {
                return counts.wrong();
            }
        }
        counts.event();
    }
}

/// `struct stats` of watch.bpf.h.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::attach) struct Counters {
    pub(in crate::attach) seen: u64,
    pub(in crate::attach) lost: u64,
    pub(in crate::attach) refused: u64,
    pub(in crate::attach) ticks: u64,
}

/// The size of the counters.
pub(super) const COUNTERS_SIZE: usize = 32;

impl Counters {
    /// Reads the counters from the value of the map `.bss`.
    pub(super) fn read(value: &[u8]) -> Counters {
        let number = |at: usize| {
            value.get(at..at + 8).and_then(|bytes| bytes.try_into().ok()).map_or(0, u64::from_ne_bytes)
        };
        Counters { seen: number(0), lost: number(8), refused: number(16), ticks: number(24) }
    }

    /// What the monitor whose counters these are saw. If the sink has a reader, that is what
    /// the reader has read.
    pub(super) fn event_counts(&self, reader: Option<&Reader>) -> anyhow::Result<EventCounts> {
        let Counters { seen, lost, .. } = *self;
        match reader.map(Reader::counted).transpose()? {
            Some(count) => Ok(EventCounts { seen: count.read, lost: lost + count.lost }),
            None => Ok(EventCounts { seen, lost }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::attach::bpf::object;
    use hookbench_model::{BEHAVIOURS, Policy};
    use libbpf_rs::ObjectBuilder;

    #[test]
    fn the_configuration_names_the_behaviour_and_its_system_calls() {
        let exec = config(Behaviour::find("exec").unwrap());
        assert_eq!(exec[..WATCHED_AT], [0; WATCHED_AT]);
        assert_eq!([59, 322, 272].map(|number| exec[WATCHED_AT + number]), [1, 1, 0]);
        let userns = config(Behaviour::find("userns").unwrap());
        assert_eq!(userns[..WATCHED_AT], [1, 0, 0, 0, 0, 0, 0, 0x10]);
    }

    #[test]
    fn the_configuration_has_room_for_each_system_call() {
        for behaviour in BEHAVIOURS {
            for syscall in behaviour.syscalls {
                assert_eq!(config(behaviour)[WATCHED_AT + syscall.number as usize], 1, "{}", syscall.name);
            }
        }
    }

    /// What an object costs must not depend on how many behaviours there are: it has a program for each
    /// sink, one that stops operations for each policy, the configuration of one behaviour and the counters of one.
    #[test]
    fn an_object_does_not_grow_with_the_table() {
        let object = ObjectBuilder::default().open_memory(object!("bpf-lsm").plain).unwrap();
        let programs: Vec<String> =
            object.progs().map(|program| program.name().to_string_lossy().into_owned()).collect();
        let denying = Policy::ALL.map(|policy| format!("deny_{}", policy.symbol()));
        assert_eq!(programs[..3], ["count", "ringbuf", "perfbuf"]);
        assert_eq!(programs[3..], denying);
        let size = |name: &str| {
            let map = object.maps().find(|map| map.name().to_string_lossy().ends_with(name)).unwrap();
            map.initial_value().unwrap().len()
        };
        assert_eq!((size(".rodata"), size(".bss")), (size_of::<ConfigBytes>(), COUNTERS_SIZE));
    }
}
