//! The history of a guest does not change its numbers: one snapshot or another, one core or two, a quiet machine or a
//! busy one. (A boot, a snapshot or a copy: `copies.rs`.)

mod common;
#[path = "cache/private_cache.rs"]
mod private_cache;

use std::os::unix::process::CommandExt;
use std::path::Path;

use hookbench_model::{History, Measured};
use hookbench_results::store::load;

use common::{Place, beside_restless, same};
use private_cache::PrivateCache;

const CELLS: &str =
    "--samples 20 --workload null-syscall,unshare-burst,mprotect-storm,execve-noop --param to=r";
const MONITORS: &str = "--monitor audit+auditd,bpf-lsm+ringbuf,kprobe+perfbuf,ftrace+function";

/// The cells of the run in `folder`, by name, with their measurements.
fn measured(folder: &Path, history: History) -> Vec<(String, Measured)> {
    let run = load(folder).unwrap();
    let cell = |measurement: &hookbench_model::Measurement| {
        assert_eq!(measurement.history, Some(history));
        (measurement.cell.to_string(), measurement.measured().unwrap().clone())
    };
    run.measurements.iter().map(cell).collect()
}

#[test]
fn a_resumed_run_measures_cells_of_another_history_again() {
    let place = Place::new();
    let cell = "--samples 20 --workload null-syscall --monitor none";
    place.succeed("run", cell);
    place.succeed("run", &format!("--guests cold {cell}"));
    assert_eq!(measured(&place.at("run"), History::Cold).len(), 1);
}

#[test]
fn a_snapshot_made_again_gives_the_same_bytes() {
    let place = Place::new();
    place.succeed("this", &format!("{CELLS} {MONITORS}"));
    let private = PrivateCache::new();
    let mut command = place.run("other", &format!("{CELLS} {MONITORS}"));
    let status = command.env("HOOKBENCH_CACHE", private.root()).status().unwrap();
    assert!(status.success(), "{}", place.said());
    same(&place.at("this"), &place.at("other"));
}

#[test]
fn one_core_and_a_busy_machine_give_the_same_bytes() {
    let place = Place::new();
    let cells = format!("{CELLS} {MONITORS}");
    place.succeed("all-cores", &cells);
    let mut one = place.run("one-core", &cells);
    // SAFETY: only system calls, with a set that is plain data.
    unsafe { one.pre_exec(on_one_core) };
    assert!(one.status().unwrap().success(), "{}", place.said());
    beside_restless(|| place.succeed("restless", &format!("--jobs 5 {cells}")));
    same(&place.at("all-cores"), &place.at("one-core"));
    same(&place.at("all-cores"), &place.at("restless"));
}

/// Restricts this process to the first of the cores that it may use.
fn on_one_core() -> std::io::Result<()> {
    // SAFETY: the sets are plain data, for which zero is valid; the calls fill one and read one.
    unsafe {
        let mut all: libc::cpu_set_t = std::mem::zeroed();
        let mut one: libc::cpu_set_t = std::mem::zeroed();
        libc::sched_getaffinity(0, size_of_val(&all), &mut all);
        let first = (0..libc::CPU_SETSIZE as usize).find(|&core| libc::CPU_ISSET(core, &all)).unwrap_or(0);
        libc::CPU_SET(first, &mut one);
        match libc::sched_setaffinity(0, size_of_val(&one), &one) {
            0 => Ok(()),
            _ => Err(std::io::Error::last_os_error()),
        }
    }
}
