//! The text of ftrace's trace and of its counters.

use std::collections::BTreeMap;

/// A system call in a trace: a pair of the events `sys_enter` and `sys_exit` in one thread.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TracedCall {
    /// The thread.
    pub thread: u32,
    /// The system call's number.
    pub number: u32,
    /// When it was entered, in the unit of the trace's clock.
    pub entered: u64,
    /// When it was left.
    pub left: u64,
}

/// The system calls in `trace`, paired thread by thread, and how many events have no
/// partner because it was lost or is not in this trace.
pub fn calls_in(trace: &[u8]) -> (Vec<TracedCall>, u64) {
    let mut calls = Vec::new();
    let mut open: BTreeMap<u32, (u32, u64)> = BTreeMap::new();
    let mut unpaired = 0u64;
    for line in trace.split(|&byte| byte == b'\n').filter(|line| !line.starts_with(b"#")) {
        let Some(event) = CallEvent::parse(&String::from_utf8_lossy(line)) else { continue };
        if event.enters {
            unpaired += u64::from(open.insert(event.thread, (event.number, event.at)).is_some());
            continue;
        }
        match open.remove(&event.thread) {
            Some((number, entered)) if number == event.number && entered <= event.at => {
                calls.push(TracedCall { thread: event.thread, number, entered, left: event.at });
            }
            Some(_) => unpaired += 2,
            None => unpaired += 1,
        }
    }
    (calls, unpaired + open.len() as u64)
}

/// One line of such a trace.
struct CallEvent {
    thread: u32,
    at: u64,
    enters: bool,
    number: u32,
}

impl CallEvent {
    /// Reads `worker-77 [000] ..... 1234567: sys_enter: NR 10 (…)`, or the same with
    /// `sys_exit: NR 10 = 0`. A thread's name may contain anything.
    fn parse(line: &str) -> Option<CallEvent> {
        let mark = ": sys_e";
        let at = line.rfind(mark)?;
        let (before, event) = (&line[..at], &line[at + 2..]);
        let (name, rest) = event.split_once(": NR ")?;
        let (before, stamp) = before.rsplit_once(' ')?;
        let (thread, _) = before.rsplit_once('[')?;
        let (_, thread) = thread.trim_end().rsplit_once('-')?;
        Some(CallEvent {
            thread: thread.parse().ok()?,
            at: stamp.parse().ok()?,
            enters: match name {
                "sys_enter" => true,
                "sys_exit" => false,
                _ => return None,
            },
            number: rest.split(' ').next()?.parse().ok()?,
        })
    }
}

/// How many lines of a trace contain `mark`, not counting its headers.
pub fn count_in(trace: &[u8], mark: &str) -> u64 {
    let lines = trace.split(|&byte| byte == b'\n').filter(|line| !line.starts_with(b"#"));
    lines.filter(|line| line.windows(mark.len().max(1)).any(|window| window == mark.as_bytes())).count()
        as u64
}

/// How many events a trace's buffer overwrote or dropped, according to its counters.
pub fn lost_in(stats: &str) -> u64 {
    counter(stats, "overrun").saturating_add(counter(stats, "dropped events"))
}

/// How many events were written into a trace's buffer, according to its counters: those that
/// are in it, were read, or were overwritten.
pub fn recorded_in(stats: &str) -> u64 {
    ["entries", "overrun", "read events"].iter().fold(0, |sum, name| sum.saturating_add(counter(stats, name)))
}

/// The counter `name` of a trace's buffer; 0 if it has none.
fn counter(stats: &str, name: &str) -> u64 {
    let line = stats.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    line.and_then(|value| value.trim().parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn system_calls_are_paired_thread_by_thread() {
        let trace = b"# tracer: nop\n#\n\
            hookbench: sys_e-77      [001] .....  1000: sys_enter: NR 10 (7f, 1000, 1, 0, 0, 0)\n\
            other-78      [000] d..2.  1005: sys_enter: NR 59 (0, 0, 0, 0, 0, 0)\n\
            hookbench-77  [001] .....  1400: sys_exit: NR 10 = 0\n\
            other-78      [000] .....  1905: sys_exit: NR 59 = -1\n\
            hookbench-77  [001] .....  2000: sys_exit: NR 10 = 0\n\
            hookbench-77  [001] .....  2100: sys_enter: NR 10 (0, 0, 0, 0, 0, 0)\n\
            CPU:1 [LOST 5 EVENTS]\n";
        let (calls, alone) = calls_in(trace);
        let of = |thread, number, entered, left| TracedCall { thread, number, entered, left };
        assert_eq!(calls, [of(77, 10, 1000, 1400), of(78, 59, 1005, 1905)]);
        assert_eq!(alone, 2);
    }

    #[test]
    fn headers_are_no_events() {
        let trace =
            b"# tracer: nop exec:\n noop-1 [000] ..... 1.0: exec: (security_bprm_check+0x0/0xb0)\n x\n";
        assert_eq!(count_in(trace, " exec: ("), 1);
    }

    #[test]
    fn overwritten_and_dropped_events_are_lost() {
        let lost = lost_in("entries: 12\noverrun: 3\ncommit overrun: 0\ndropped events: 4\nread events: 0\n");
        assert_eq!(lost, 7);
        assert_eq!(recorded_in("entries: 12\noverrun: 3\ndropped events: 4\nread events: 20\n"), 35);
        assert_eq!(lost_in(&format!("overrun: {}\ndropped events: 4\n", u64::MAX)), u64::MAX);
    }
}
