//! The processes of a command, their CPU time, and signals to them.

use std::collections::BTreeMap;
use std::fs;
use std::io;

use anyhow::{Context, Result};

use crate::attach::ReaderPriority;

/// A process, as `/proc/PID/stat` shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Process {
    /// Its number.
    pub(super) pid: libc::pid_t,
    /// The number of its parent.
    parent: libc::pid_t,
    /// Its process group.
    pub(super) group: libc::pid_t,
    /// Whether it has ended and its parent has not taken notice.
    ended: bool,
}

impl Process {
    /// Reads `77 (a name) S 1 77 …`. A name may contain anything.
    fn parse(stat: &str) -> Option<Process> {
        let (pid, _) = stat.split_once(" (")?;
        let (_, rest) = stat.rsplit_once(") ")?;
        let mut fields = rest.split(' ');
        let state = fields.next()?;
        Some(Process {
            pid: pid.parse().ok()?,
            parent: fields.next()?.parse().ok()?,
            group: fields.next()?.parse().ok()?,
            ended: matches!(state, "Z" | "X"),
        })
    }
}

/// All processes that run.
///
/// # Errors
/// When `/proc` cannot be listed.
pub(super) fn all() -> Result<Vec<Process>> {
    let mut processes = Vec::new();
    for entry in fs::read_dir("/proc").context("failed to list /proc")? {
        let stat = entry?.path().join("stat");
        // A process may have ended since; most other entries have no such file.
        let process = fs::read_to_string(stat).ok().and_then(|stat| Process::parse(&stat));
        processes.extend(process.filter(|process| !process.ended));
    }
    Ok(processes)
}

/// Those of `processes` that `root` or its descendants started.
pub(super) fn descendants(processes: &[Process], root: libc::pid_t) -> Vec<Process> {
    let mut found: Vec<Process> = Vec::new();
    loop {
        let is_child = |process: &Process| {
            process.parent == root || found.iter().any(|parent| parent.pid == process.parent)
        };
        let more: Vec<Process> = processes
            .iter()
            .copied()
            .filter(|process| is_child(process) && !found.contains(process))
            .collect();
        if more.is_empty() {
            return found;
        }
        found.extend(more);
    }
}

/// The CPU time of each process in nanoseconds, that of its ended threads included.
pub(super) fn cpu_times(processes: &[Process]) -> BTreeMap<libc::pid_t, u64> {
    processes.iter().map(|process| (process.pid, cpu_time(process.pid))).collect()
}

/// The CPU time in `now` that is not in `before`. A process that has ended counts as idle.
pub(super) fn spent(before: &BTreeMap<libc::pid_t, u64>, now: &BTreeMap<libc::pid_t, u64>) -> u64 {
    now.iter().map(|(pid, time)| time.saturating_sub(before.get(pid).copied().unwrap_or(0))).sum()
}

fn cpu_time(pid: libc::pid_t) -> u64 {
    /// `CPUCLOCK_SCHED`: what the scheduler counts, to the nanosecond.
    const SCHEDULER: libc::clockid_t = 2;
    let clock = (!pid << 3) | SCHEDULER;
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` is valid to write to. A process that has ended has no such clock.
    match unsafe { libc::clock_gettime(clock, &mut time) } {
        0 => time.tv_sec as u64 * 1_000_000_000 + time.tv_nsec as u64,
        _ => 0,
    }
}

/// Gives all tasks of `processes` this priority.
///
/// # Errors
/// When the kernel refuses.
pub(super) fn set_priority(processes: &[Process], priority: ReaderPriority) -> Result<()> {
    for Process { pid, .. } in processes {
        // A process, or one of its tasks, may have ended since.
        let Ok(tasks) = fs::read_dir(format!("/proc/{pid}/task")) else { continue };
        for task in tasks.flatten() {
            match priority.apply_to(task.file_name().to_string_lossy().parse()?) {
                Err(error) if error.raw_os_error() != Some(libc::ESRCH) => {
                    return Err(error).context("failed to set the priority of the command");
                }
                _ => {}
            }
        }
    }
    Ok(())
}

/// Sends `signal` to a process, or to a process group if `to` is negative. It may have ended.
///
/// # Errors
/// When the kernel refuses.
pub(super) fn send(to: libc::pid_t, signal: libc::c_int) -> io::Result<()> {
    // SAFETY: passes numbers only.
    match unsafe { libc::kill(to, signal) } {
        0 => Ok(()),
        _ => match io::Error::last_os_error() {
            error if error.raw_os_error() == Some(libc::ESRCH) => Ok(()),
            error => Err(error),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_read_whatever_its_name() {
        let process = Process::parse("77 (a) S 9 (b) R 5 70 70 0 -1 4194560").unwrap();
        assert_eq!(process, Process { pid: 77, parent: 5, group: 70, ended: false });
        assert!(Process::parse("8 (x) Z 1 8 8").unwrap().ended);
        assert_eq!(Process::parse("8 (x"), None);
        assert_eq!(Process::parse(""), None);
    }

    #[test]
    fn processes_that_moved_to_other_groups_are_descendants_too() {
        let process = |pid, parent, group| Process { pid, parent, group, ended: false };
        // A child may be listed before its parent.
        let all = [
            process(2, 1, 2),
            process(9, 12, 9),
            process(10, 1, 10),
            process(12, 11, 11),
            process(11, 10, 11),
        ];
        let pids: Vec<_> = descendants(&all, 10).iter().map(|process| process.pid).collect();
        assert_eq!(pids, [11, 12, 9]);
        assert!(descendants(&all, 2).is_empty());
    }

    #[test]
    fn the_clock_of_a_process_runs_while_it_works() {
        let pid = std::process::id() as libc::pid_t;
        let before = cpu_time(pid);
        while cpu_time(pid) < before + 1_000_000 {}
        assert_eq!(cpu_time(1 << 22), 0);
    }

    #[test]
    fn new_processes_count_and_ended_ones_do_not() {
        let before = BTreeMap::from([(1, 100), (2, 50)]);
        assert_eq!(spent(&before, &BTreeMap::from([(1, 130), (3, 7)])), 37);
    }
}
