//! What a loader has to know of bpf/watch.bpf.h: the configuration it sets, the
//! names of programs, the records and the counters. How it loads is in the files
//! of the loaders.

use anyhow::Result;
use hookbench_model::{BEHAVIOURS, Behaviour};

use super::Seen;
use super::reader::{Counts, Reader};

/// Pages of a perf buffer, per CPU; a power of two.
pub(super) const PERF_PAGES: usize = 64;

/// `struct config` of watch.bpf.h.
pub(super) const CONFIG_SIZE: usize = 512;

/// The name of the program for a sink and a behaviour, as behaviours.bpf.h makes it.
pub(super) fn program_of(sink: &str, behaviour: &Behaviour) -> String {
    format!("{sink}_{}", behaviour.name.replace('-', "_"))
}

/// The bytes of `struct config`.
pub(super) fn config(syscalls_of: &[&'static Behaviour]) -> [u8; CONFIG_SIZE] {
    let mut config = [0; CONFIG_SIZE];
    for behaviour in syscalls_of {
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
pub(super) fn take(record: &[u8], counts: &Counts, ld_preload: Option<&str>) {
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
pub(super) struct Stats {
    pub(super) seen: u64,
    pub(super) lost: u64,
    pub(super) refused: u64,
}

const STATS_SIZE: usize = 24;

/// The bytes of all of them.
pub(super) const ALL_STATS: usize = 8 * STATS_SIZE;

impl Stats {
    /// Those at `slot` in the value of the map `.bss`.
    pub(super) fn at(value: &[u8], slot: usize) -> Stats {
        let number = |at: usize| {
            let at = slot * STATS_SIZE + at;
            value.get(at..at + 8).and_then(|bytes| bytes.try_into().ok()).map_or(0, u64::from_ne_bytes)
        };
        Stats { seen: number(0), lost: number(8), refused: number(16) }
    }

    /// What the monitor saw of `behaviour`, whose counters these are: what its
    /// reader read, if it has one.
    pub(super) fn seen(&self, reader: Option<&Reader>, behaviour: &Behaviour) -> Result<Seen> {
        let Stats { seen, lost, .. } = *self;
        match reader.map(|reader| reader.counted(behaviour.index())).transpose()? {
            Some((read, unread)) => Ok(Seen { seen: read, lost: lost + unread, of_all: false }),
            None => Ok(Seen { seen, lost, of_all: false }),
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
        let config = config(&[exec, userns]);
        assert_eq!((config[59], config[322], config[272], config[39]), (1, 1, 2, 0));
    }

    #[test]
    fn there_is_a_program_for_each_behaviour_of_the_table() {
        let header = include_str!("../../bpf/behaviours.bpf.h");
        let names: Vec<String> = BEHAVIOURS.iter().map(|row| row.name.replace('-', "_")).collect();
        assert!(header.contains(&format!("enum behaviour {{ {} }};", names.join(", "))), "{names:?}");
        let programs: Vec<String> = names.iter().map(|name| format!("PROGRAM({name})")).collect();
        assert!(header.contains(&format!("EACH_BEHAVIOUR(PROGRAM) {}", programs.join(" "))), "{names:?}");
    }
}
