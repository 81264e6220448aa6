//! Processes that the command traces with ptrace, without those that it started. If it traces
//! process 1 with all that this starts, it traces the workers.

use std::collections::BTreeSet;
use std::fs;

use super::{Saw, Sign};
use crate::attach::custom::command::processes::Process;

/// The agent, which starts the workers.
const AGENT: libc::pid_t = 1;

/// Those of `all` that a process of `own` traces, and that are not in `own`.
pub(super) fn traced(all: &[Process], own: &[Process]) -> BTreeSet<libc::pid_t> {
    let is_own = |pid| own.iter().any(|process| process.pid == pid);
    let others = all.iter().map(|process| process.pid).filter(|pid| !own.is_empty() && !is_own(*pid));
    others.filter(|pid| tracer_of(*pid).is_some_and(is_own)).collect()
}

fn tracer_of(pid: libc::pid_t) -> Option<libc::pid_t> {
    tracer_in(&fs::read_to_string(format!("/proc/{pid}/status")).ok()?)
}

fn tracer_in(status: &str) -> Option<libc::pid_t> {
    let tracer = status.lines().find_map(|line| line.strip_prefix("TracerPid:"))?.trim().parse().ok()?;
    (tracer != 0).then_some(tracer)
}

/// What `traced` shows. After the operations their worker is still there.
pub(super) fn sign(traced: &BTreeSet<libc::pid_t>) -> Option<Sign> {
    let (text, saw) = match traced.iter().any(|pid| *pid != AGENT) {
        true => ("traces the operations (ptrace)", Saw::Uncounted),
        false => ("traces process 1 (ptrace)", Saw::Nothing("but not the processes that this starts")),
    };
    (!traced.is_empty()).then(|| Sign::new(text, saw))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_names_the_tracer() {
        assert_eq!(tracer_in("Name:\tx\nPid:\t5\nTracerPid:\t12\n"), Some(12));
        assert_eq!(tracer_in("Name:\tx\nTracerPid:\t0\n"), None);
        assert_eq!(tracer_in("Name:\tx\n"), None);
    }

    #[test]
    fn what_traces_the_agent_alone_sees_no_operation() {
        assert_eq!(sign(&BTreeSet::new()), None);
        assert!(matches!(sign(&BTreeSet::from([1])).unwrap().saw, Saw::Nothing(_)));
        assert_eq!(sign(&BTreeSet::from([1, 90])).unwrap().saw, Saw::Uncounted);
    }
}
