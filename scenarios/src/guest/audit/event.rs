//! Audit records as events: the records of one call have the same serial number. The marker call, which has a rule
//! with a key of its own, cuts them to the window.

use std::collections::BTreeMap;

use hookbench_probes::kernel_text::serial_in;

use super::fields::{SYSCALL, field, hexadecimal};
use super::link::USER;
use super::rule::I386;
use super::window::Window;
use crate::scenario::Abi;

/// Records: `AUDIT_PATH` and `AUDIT_URINGOP`.
const PATH: u16 = 1302;
const URINGOP: u16 = 1336;

/// A call in the window that a rule matched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::guest) struct Event {
    /// Who called.
    pub(in crate::guest) abi: Abi,
    /// The number, or the opcode of io_uring.
    pub(in crate::guest) number: u32,
    /// The process.
    pub(in crate::guest) process: u32,
    /// The files that it names: the device as major and minor number, the inode, and the path as the record has it.
    pub(in crate::guest) files: Vec<((u32, u32), u64, String)>,
}

/// The events of the window.
#[derive(Debug, Default)]
pub(in crate::guest) struct Events {
    window: Window,
    found: BTreeMap<u64, Event>,
}

impl Events {
    /// Takes a record. Returns the process of a call in the window that a rule of the policy, whose key is `key`,
    /// matched.
    pub(in crate::guest) fn take(&mut self, kind: u16, text: &str, key: &str) -> Option<u32> {
        let serial = serial_in(text)?;
        let is_open = self.window.look(kind, text);
        match kind {
            SYSCALL | URINGOP => {
                let its_key = field(text, "key=")?.trim_matches('"');
                if its_key != key || !is_open {
                    return None;
                }
                let abi = match hexadecimal(text, "arch=") {
                    _ if kind == URINGOP => Abi::Uring,
                    Some(arch) if arch == u64::from(I386) => Abi::Compat,
                    _ => Abi::Native,
                };
                let number = if kind == URINGOP { "uring_op=" } else { "syscall=" };
                let number = field(text, number)?.parse().ok()?;
                let process = field(text, "pid=")?.parse().ok()?;
                let event = self.found.entry(serial).or_insert_with(|| Event {
                    abi,
                    number,
                    process,
                    files: Vec::new(),
                });
                // A request that io_uring_enter makes at once is in an event with that call, which says less.
                if kind == URINGOP {
                    (event.abi, event.number) = (abi, number);
                }
                Some(process)
            }
            PATH => {
                let event = self.found.get_mut(&serial)?;
                let (major, minor) = field(text, "dev=")?.split_once(':')?;
                let number = |text| u32::from_str_radix(text, 16).ok();
                let name = field(text, "name=").unwrap_or_default().trim_matches('"').to_owned();
                let inode = field(text, "inode=")?.parse().ok()?;
                event.files.push(((number(major)?, number(minor)?), inode, name));
                None
            }
            _ => None,
        }
    }

    /// Whether a record of the type `kind` ends the records of a way: the mark that the reader makes.
    pub(in crate::guest) fn is_end(kind: u16) -> bool {
        kind == USER
    }

    /// The events, in the order of their serial numbers, and forgets them.
    pub(in crate::guest) fn finish(&mut self) -> Vec<Event> {
        std::mem::take(self).found.into_values().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MARK: &str =
        "audit(1.0:1): arch=c000003e syscall=147 success=no a0=4d pid=7 key=\"hookbench-window\"";

    fn call(serial: u32) -> String {
        format!(
            "audit(1.0:{serial}): arch=40000003 syscall=5 success=yes a0=1 ppid=6 pid=7 uid=1000 key=\"read\""
        )
    }

    #[test]
    fn only_calls_in_the_window_are_events_and_paths_belong_to_their_call() {
        let mut events = Events::default();
        assert_eq!(events.take(SYSCALL, &call(2), "read"), None);
        assert_eq!(events.take(SYSCALL, MARK, "read"), None);
        assert_eq!(events.take(SYSCALL, &call(3), "read"), Some(7));
        let path = "audit(1.0:3): item=0 name=\"/run/secret\" inode=9 dev=00:1f mode=0100600 nametype=NORMAL";
        assert_eq!(events.take(PATH, path, "read"), None);
        assert_eq!(events.take(SYSCALL, &call(4), "other"), None);
        events.take(SYSCALL, &MARK.replace("a0=4d", "a0=4e"), "read");
        assert_eq!(events.take(SYSCALL, &call(5), "read"), None);
        let files = vec![((0, 31), 9, "/run/secret".to_owned())];
        assert_eq!(events.finish(), [Event { abi: Abi::Compat, number: 5, process: 7, files }]);
        assert_eq!(events.finish(), []);
    }

    #[test]
    fn a_request_to_io_uring_is_an_event() {
        let mut events = Events::default();
        events.take(SYSCALL, MARK, "read");
        let text = "audit(1.0:3): uring_op=18 success=yes exit=5 items=1 ppid=1 pid=8 uid=0 key=\"read\"";
        assert_eq!(events.take(URINGOP, text, "read"), Some(8));
        let call = "audit(1.0:3): arch=c000003e syscall=426 success=yes a0=3 ppid=1 pid=8 key=\"read\"";
        events.take(SYSCALL, call, "read");
        assert_eq!(events.finish(), [Event { abi: Abi::Uring, number: 18, process: 8, files: Vec::new() }]);
    }
}
