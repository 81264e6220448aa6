//! The names of watchers, calls and slow pages, as people type and read them.

use std::fmt;

use super::exchange::{Means, Page, RacedCall, Watcher};

impl fmt::Display for Watcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Watcher::SysEnter => "sys_enter",
            Watcher::Kprobe => "kprobe",
            Watcher::SysExit => "sys_exit",
            Watcher::BpfLsm => "bpf-lsm",
            Watcher::Audit => "audit",
            Watcher::Notify => "notify",
            Watcher::NotifyDeny => "notify+deny",
            Watcher::NotifyAddfd => "notify+addfd",
        })
    }
}

impl fmt::Display for RacedCall {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            RacedCall::Openat => "openat",
            RacedCall::Openat2 => "openat2",
            RacedCall::Execve => "execve",
        })
    }
}

impl fmt::Display for Means {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Means::Dropped => "dropped page",
            Means::Fuse => "FUSE",
            Means::Userfaultfd => "userfaultfd",
            Means::RootUserfaultfd => "userfaultfd by root",
        })
    }
}

impl fmt::Display for Page {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Page::Path => "path",
            Page::How => "how",
        })
    }
}
