//! Open descriptors of the command's processes: perf events, whose counters are read, and
//! marks of fanotify and inotify.

use std::fs::{self, File};
use std::io::Read;
use std::os::fd::RawFd;

use super::{Saw, Sign, counted};
use crate::attach::custom::command::processes::Process;
use crate::attach::supervisor::fetch_descriptor;

/// What the descriptors show.
#[derive(Debug, Default)]
pub(super) struct Descriptors {
    events: usize,
    /// The sum of the counters of all perf events; `None` if one cannot be read.
    counters: Option<u64>,
    fanotify: usize,
    inotify: usize,
}

impl Descriptors {
    /// Reads those of `processes`.
    pub(super) fn read(processes: &[Process]) -> Descriptors {
        let mut found = Descriptors { counters: Some(0), ..Descriptors::default() };
        for Process { pid, .. } in processes {
            // A process, or a descriptor, may be gone since.
            for entry in fs::read_dir(format!("/proc/{pid}/fd")).into_iter().flatten().flatten() {
                let Ok(target) = fs::read_link(entry.path()) else { continue };
                let Ok(descriptor) = entry.file_name().to_string_lossy().parse() else { continue };
                found.add(*pid, descriptor, &target.to_string_lossy());
            }
        }
        found
    }

    fn add(&mut self, pid: libc::pid_t, descriptor: RawFd, target: &str) {
        let marks =
            || marks_in(&fs::read_to_string(format!("/proc/{pid}/fdinfo/{descriptor}")).unwrap_or_default());
        match target {
            "anon_inode:[perf_event]" => {
                self.events += 1;
                let read = counters(pid, descriptor);
                self.counters = self.counters.zip(read).map(|(sum, read)| sum.wrapping_add(read));
            }
            "anon_inode:inotify" => self.inotify += marks(),
            "anon_inode:[fanotify]" => self.fanotify += marks(),
            _ => {}
        }
    }

    /// The sign of perf events.
    pub(super) fn perf_events(&self) -> Option<Sign> {
        let saw = self.counters.map_or(Saw::Uncounted, Saw::Count);
        (self.events > 0).then(|| Sign::new(counted(self.events, "perf event"), saw))
    }

    /// The sign of marks.
    pub(super) fn marks(&self) -> Option<Sign> {
        let kinds = [(self.fanotify, "fanotify mark"), (self.inotify, "inotify mark")];
        let marks = kinds.iter().filter(|(number, _)| *number > 0);
        let marks: Vec<String> = marks.map(|(number, what)| counted(*number, what)).collect();
        (!marks.is_empty()).then(|| Sign::new(marks.join(" and "), Saw::Wakes))
    }
}

/// The sum of all numbers that reading the perf event gives: what it counted and, if its owner
/// asked for them, the times for which it was on.
fn counters(pid: libc::pid_t, descriptor: RawFd) -> Option<u64> {
    let mut event = File::from(fetch_descriptor(pid, descriptor).ok()?);
    let mut bytes = [0; 4096];
    let read = event.read(&mut bytes).ok()?;
    let words = bytes[..read].as_chunks::<8>().0;
    Some(words.iter().fold(0, |sum, word| sum.wrapping_add(u64::from_ne_bytes(*word))))
}

/// How many marks the text of an fdinfo lists.
fn marks_in(fdinfo: &str) -> usize {
    let is_mark = |line: &str| {
        let is_group = line.starts_with("fanotify flags:");
        line.starts_with("inotify wd:") || (line.starts_with("fanotify ") && !is_group)
    };
    fdinfo.lines().filter(|line| is_mark(line)).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_counted_and_groups_are_not() {
        let fanotify = "pos:\t0\nflags:\t02\nfanotify flags:10 event-flags:0\nfanotify mnt_id:12 mflags:40 \
                        mask:38 ignored_mask:40000003\nfanotify ino:4f969 sdev:800013 mflags:0 mask:3b\n";
        assert_eq!(marks_in(fanotify), 2);
        assert_eq!(marks_in("pos:\t0\ninotify wd:3 ino:9e7e sdev:800013 mask:800afce ignored_mask:0\n"), 1);
        assert_eq!(marks_in("pos:\t0\nfanotify flags:10 event-flags:0\n"), 0);
    }

    #[test]
    fn an_event_that_cannot_be_read_is_not_counted() {
        let found = Descriptors { events: 2, counters: Some(7), inotify: 2, fanotify: 1 };
        assert_eq!(found.perf_events().unwrap(), Sign::new("2 perf events", Saw::Count(7)));
        assert_eq!(found.marks().unwrap(), Sign::new("1 fanotify mark and 2 inotify marks", Saw::Wakes));
        let unread = Descriptors { events: 1, ..Descriptors::default() };
        assert_eq!((unread.perf_events().unwrap().saw, unread.marks()), (Saw::Uncounted, None));
    }
}
