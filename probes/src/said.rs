//! What the kernel says of its audit subsystem and of its trace, read: pure
//! functions of bytes (linux/audit.h, linux/netlink.h, ftrace's text). How one
//! gets at them is the business of `attach`.

use std::collections::BTreeMap;

/// What the kernel says of its audit subsystem: `struct audit_status`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Status {
    /// 1 when it is on.
    pub enabled: u32,
    /// Who receives its records; 0 when nobody does.
    pub pid: u32,
    /// How many records may wait.
    pub limit: u32,
    /// How many records have been lost since boot.
    pub lost: u32,
    /// How many wait.
    pub backlog: u32,
}

/// The status that `answer` holds, when it is long enough.
pub fn status_in(answer: &[u8]) -> Option<Status> {
    let field = |at: usize| answer.get(4 * at..)?.first_chunk().copied().map(u32::from_ne_bytes);
    Some(Status { enabled: field(1)?, pid: field(3)?, limit: field(5)?, lost: field(6)?, backlog: field(7)? })
}

/// The error number of a `struct nlmsgerr`, 0 for an acknowledgement.
pub fn error_in(answer: &[u8]) -> Option<i32> {
    // The kernel says it as a negative number; of i32::MIN there is no positive.
    answer.first_chunk().copied().map(i32::from_ne_bytes).map(i32::wrapping_neg)
}

/// The serial number in a record's `audit(SECONDS.MILLIS:SERIAL)`.
pub fn serial_in(record: &str) -> Option<u64> {
    let (_, rest) = record.split_once("audit(")?;
    let (stamp, _) = rest.split_once(')')?;
    stamp.rsplit_once(':')?.1.parse().ok()
}

/// The number in a record's `syscall=NUMBER`.
pub fn syscall_in(record: &str) -> Option<u32> {
    record.split(' ').find_map(|field| field.strip_prefix("syscall="))?.parse().ok()
}

/// A system call in a trace of the events `sys_enter` and `sys_exit`, from the one to
/// the other in the same thread.
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

/// The system calls in `trace`, paired thread by thread; and how many events found no
/// partner, because it was lost or is none of this trace.
pub fn calls_in(trace: &[u8]) -> (Vec<TracedCall>, u64) {
    let mut calls = Vec::new();
    let mut open: BTreeMap<u32, (u32, u64)> = BTreeMap::new();
    let mut alone = 0u64;
    for line in trace.split(|&byte| byte == b'\n').filter(|line| !line.starts_with(b"#")) {
        let Some(event) = CallEvent::of(&String::from_utf8_lossy(line)) else { continue };
        if event.enters {
            alone += u64::from(open.insert(event.thread, (event.number, event.at)).is_some());
            continue;
        }
        match open.remove(&event.thread) {
            Some((number, entered)) if number == event.number && entered <= event.at => {
                calls.push(TracedCall { thread: event.thread, number, entered, left: event.at });
            }
            Some(_) => alone += 2,
            None => alone += 1,
        }
    }
    (calls, alone + open.len() as u64)
}

/// One line of such a trace.
struct CallEvent {
    thread: u32,
    at: u64,
    enters: bool,
    number: u32,
}

impl CallEvent {
    /// Reads `worker-77 [000] ..... 1234567: sys_enter: NR 10 (…)`, and of the other
    /// event `sys_exit: NR 10 = 0`. A thread's name may hold anything.
    fn of(line: &str) -> Option<CallEvent> {
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

/// How many lines of a trace hold `mark`; its headers are none.
pub fn count_in(trace: &[u8], mark: &str) -> u64 {
    let lines = trace.split(|&byte| byte == b'\n').filter(|line| !line.starts_with(b"#"));
    lines.filter(|line| line.windows(mark.len().max(1)).any(|window| window == mark.as_bytes())).count()
        as u64
}

/// How many events the counters of a trace's buffer call overwritten or dropped.
pub fn lost_in(stats: &str) -> u64 {
    let field = |name: &str| -> u64 {
        let line = stats.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
        line.and_then(|value| value.trim().parse().ok()).unwrap_or(0)
    };
    field("overrun").saturating_add(field("dropped events"))
}

/// No verdict is longer, in characters.
const LONGEST_VERDICT: usize = 500;
/// So many lines at the end of a verifier's log say why.
const LAST: usize = 2;

/// Why an object was refused, out of all that libbpf printed: the verifier's last
/// words on the program, without its log, or else libbpf's own first words. `None`
/// when it said nothing.
pub fn verdict(printed: &str) -> Option<String> {
    let lines = || printed.lines().map(str::trim).filter(|line| !line.is_empty());
    let own = |line: &str| line.strip_prefix("libbpf: ").map(String::from);
    let said = match lines().position(|line| line.ends_with("-- BEGIN PROG LOAD LOG --")) {
        Some(begin) => {
            let program = lines().nth(begin).and_then(own).unwrap_or_default();
            let program = program.trim_end_matches("-- BEGIN PROG LOAD LOG --").trim_end_matches([' ', ':']);
            let log: Vec<&str> = lines()
                .skip(begin + 1)
                .take_while(|line| !line.contains("-- END PROG LOAD LOG --"))
                .filter(|line| !is_bookkeeping(line))
                .collect();
            let words = log[log.len().saturating_sub(LAST)..].join("; ");
            format!("the kernel's verifier refuses {program}: {words}")
        }
        None => lines().filter_map(own).take(LAST + 1).collect::<Vec<_>>().join("; "),
    };
    (!said.is_empty()).then(|| said.chars().take(LONGEST_VERDICT).collect())
}

/// Lines of a verifier's log that say nothing of why.
fn is_bookkeeping(line: &str) -> bool {
    ["processed ", "verification time ", "stack depth "].iter().any(|begin| line.starts_with(begin))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verdict_is_the_verifier_s_last_words_or_libbpf_s_first() {
        let log = "libbpf: prog 'exec': BPF program load failed: Permission denied\n\
                   libbpf: prog 'exec': -- BEGIN PROG LOAD LOG --\n0: R1=ctx() R10=fp0\n\
                   1: (79) r1 = *(u64 *)(r1 +8)\nR1 invalid mem access 'scalar'\n\
                   processed 2 insns (limit 1000000)\n-- END PROG LOAD LOG --\n\
                   libbpf: prog 'exec': failed to load: -13\n";
        let why = "the kernel's verifier refuses prog 'exec': 1: (79) r1 = *(u64 *)(r1 +8); \
                   R1 invalid mem access 'scalar'";
        assert_eq!(verdict(log).as_deref(), Some(why));
        let missing = "libbpf: prog 'x': failed to find kernel BTF type ID of 'y': -3\nnoise\n";
        let why = "prog 'x': failed to find kernel BTF type ID of 'y': -3";
        assert_eq!(verdict(missing).as_deref(), Some(why));
        assert_eq!(verdict("noise"), None);
    }

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

    const RECORD: &str = "audit(1767225600.123:45): arch=c000003e syscall=59 success=yes exit=0 a0=1";

    #[test]
    fn a_record_says_its_event_and_its_system_call() {
        assert_eq!((serial_in(RECORD), syscall_in(RECORD)), (Some(45), Some(59)));
        assert_eq!((serial_in("audit()"), syscall_in("a syscall=")), (None, None));
    }

    #[test]
    fn an_acknowledgement_is_no_error_and_any_number_may_be_one() {
        let error = |number: i32| error_in(&number.to_ne_bytes());
        assert_eq!((error(0), error(-22), error_in(b"abc")), (Some(0), Some(22), None));
        assert_eq!(error(i32::MIN), Some(i32::MIN));
    }

    #[test]
    fn a_status_has_its_fields_in_the_kernels_places() {
        let words: Vec<u8> = (0..8_u32).flat_map(u32::to_ne_bytes).collect();
        assert_eq!(status_in(&words), Some(Status { enabled: 1, pid: 3, limit: 5, lost: 6, backlog: 7 }));
        assert_eq!(status_in(&words[..31]), None);
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
        assert_eq!(lost_in(&format!("overrun: {}\ndropped events: 4\n", u64::MAX)), u64::MAX);
    }
}
