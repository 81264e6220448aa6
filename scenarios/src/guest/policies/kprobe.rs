//! Kprobe events of tracefs, as an administrator without BPF makes them. Records are lines of the kernel's trace; an
//! event at the marker call cuts them to the window.

use std::collections::BTreeSet;
use std::fs;

use anyhow::{Context, Result};
use hookbench_probes::attach::tracefs;

use super::{Attach, Attached};
use crate::exchange::{Object, Record};
use crate::policy_file::kprobe::{Event, events, group};
use crate::scene::{END_MARKER, MARKER};
use crate::subject::Subject;

/// The group and the name of the event at the marker call, and its definition.
const WINDOW: (&str, &str) = ("hookbench", "window");
const WINDOW_IS: &str = "p:hookbench/window __x64_sys_sched_get_priority_min a0=+112(%di):u64";

/// What a record has in place of a text whose page was not in memory.
const NOT_FETCHED: &str = "=(fault)";

/// Defines and enables the events for `subject`.
///
/// # Errors
/// When the kernel refuses one that it should have.
pub(super) fn attach(subject: &Subject) -> Result<Attach> {
    let events = events(subject);
    if events.is_empty() {
        return Ok(Attach::Unsupported(format!("no call is typical of {}", subject.scenario.name)));
    }
    let known = functions().context("failed to read the names of the kernel's functions")?;
    let group = group(subject);
    let mut kprobes = Kprobes {
        names: Vec::new(),
        lacks: Vec::new(),
        events: Vec::new(),
        enabled: Vec::new(),
        lost: tracefs::lost()?,
    };
    // Events outlive an agent that was killed.
    let own = events.iter().map(|event| (&group[..], &event.name[..]));
    own.chain([WINDOW]).for_each(|(group, name)| remove(group, name));
    // Names of processes may have any characters.
    tracefs::write("options/record-cmd", "0")?;
    tracefs::append("kprobe_events", &format!("{WINDOW_IS}\n"))?;
    kprobes.enable(WINDOW.0, WINDOW.1, "")?;
    for event in events {
        let functions: Vec<&String> =
            event.functions.iter().filter(|function| known.contains(*function)).collect();
        for function in &functions {
            tracefs::append("kprobe_events", &format!("{}\n", event.definition(&group, function)))?;
            kprobes.names.push((*function).clone());
        }
        match &event.functions[..] {
            _ if !functions.is_empty() => kprobes.enable(&group, &event.name, &event.filter)?,
            [first, ..] => kprobes.lacks.push(format!("the function {first}")),
            [] => {}
        }
        kprobes.events.push(event);
    }
    if subject.scenario.spares_root {
        kprobes.lacks.push("the caller's user, so root's calls are recorded, too".into());
    }
    if kprobes.names.is_empty() {
        return Ok(Attach::Unsupported(format!("this kernel lacks {}", kprobes.lacks.join(", "))));
    }
    Ok(Attach::Attached(Box::new(kprobes)))
}

/// The names of the functions of the kernel and of its modules.
fn functions() -> Result<BTreeSet<String>> {
    let names = fs::read_to_string("/proc/kallsyms")?;
    Ok(names.lines().filter_map(|line| line.split([' ', '\t']).nth(2)).map(str::to_owned).collect())
}

/// Events, and the trace.
struct Kprobes {
    names: Vec<String>,
    lacks: Vec<String>,
    events: Vec<Event>,
    /// Groups and names of the events that are on.
    enabled: Vec<(String, String)>,
    /// Records that were lost before.
    lost: u64,
}

impl Kprobes {
    /// Sets the filter of an event, which leaves out this process, and switches the event on.
    fn enable(&mut self, group: &str, name: &str, filter: &str) -> Result<()> {
        let folder = format!("events/{group}/{name}");
        self.enabled.push((group.to_owned(), name.to_owned()));
        if name != WINDOW.1 {
            let others = format!("common_pid != {}", std::process::id());
            let filter = if filter.is_empty() { others } else { format!("{others} && ({filter})") };
            tracefs::write(&format!("{folder}/filter"), &filter)?;
        }
        tracefs::write(&format!("{folder}/enable"), "1")
    }

    /// What the line of an event called `name` says; `rest` is what follows the name. `None` if it is about another
    /// file.
    fn record(&self, name: &str, rest: &str) -> Option<Record> {
        let event = self.events.iter().find(|event| event.name == name)?;
        let (_, fetched) = rest.split_once(')')?;
        let object = match &event.about[..] {
            [] => Object::None,
            about if about.iter().any(|path| fetched.contains(&format!("=\"{path}\""))) => Object::Right,
            _ if fetched.contains(NOT_FETCHED) => Object::Blank,
            _ => return None,
        };
        Some(Record { what: event.call.name.into(), object, text: fetched.trim().into() })
    }

    /// The records of the window in `trace`.
    fn read(&self, trace: &str) -> Vec<Record> {
        let (mut is_open, mut records) = (false, Vec::new());
        for (name, rest) in trace.lines().filter_map(event_in) {
            if name == WINDOW.1 {
                let mark = rest.rsplit_once("a0=").and_then(|(_, mark)| mark.trim().parse().ok());
                is_open = match mark {
                    Some(MARKER) => true,
                    Some(END_MARKER) => false,
                    _ => is_open,
                };
            } else if is_open {
                records.extend(self.record(name, rest));
            }
        }
        records
    }
}

/// The name of the event in a line of the trace, and what follows it:
/// `<...>-7 [000] ..... 1.000002: openat: (__x64_sys_openat+0x0/0x20) path0="/a"`.
fn event_in(line: &str) -> Option<(&str, &str)> {
    let mut parts = line.splitn(3, ": ");
    parts.next().filter(|head| !head.starts_with('#'))?;
    Some((parts.next()?, parts.next()?))
}

impl Attached for Kprobes {
    fn names(&self) -> &[String] {
        &self.names
    }

    fn lacks(&self) -> &[String] {
        &self.lacks
    }

    fn clear(&mut self) -> Result<()> {
        tracefs::write("trace", "")?;
        self.lost = tracefs::lost()?;
        Ok(())
    }

    fn records(&mut self, _: (u64, u64)) -> Result<Vec<Record>> {
        let trace = fs::read(tracefs::path("trace")).context("failed to read the trace")?;
        Ok(self.read(&String::from_utf8_lossy(&trace)))
    }

    fn lost(&self) -> Result<u64> {
        Ok(tracefs::lost()? - self.lost)
    }
}

impl Drop for Kprobes {
    fn drop(&mut self) {
        self.enabled.drain(..).for_each(|(group, name)| remove(&group, &name));
    }
}

/// Removes an event, if it is there. By its name, because older kernels do not remove a group. An error cannot be reported
/// here; a guest ends with its cell.
fn remove(group: &str, name: &str) {
    if tracefs::write(&format!("events/{group}/{name}/enable"), "0").is_ok() {
        let _ = tracefs::append("kprobe_events", &format!("-:{group}/{name}\n"));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::PolicyName;

    #[test]
    fn only_lines_about_the_file_in_the_window_are_records() {
        let name: PolicyName = "kprobe+watch".parse().unwrap();
        let subject = Subject::of(crate::find("read-secret").unwrap(), name);
        let (names, lacks, enabled) = (Vec::new(), Vec::new(), Vec::new());
        let kprobes = Kprobes { names, lacks, events: events(&subject), enabled, lost: 0 };
        let line = |event: &str| format!("  <...>-7  [000] .....  1.000002: {event}\n");
        let open = line("openat: (__x64_sys_openat+0x0/0x20) path0=\"/run/scene/secret\"");
        let mark = |number| line(&format!("window: (__x64_sys_sched_get_priority_min+0x0/0x20) a0={number}"));
        let other = line("openat: (__x64_sys_openat+0x0/0x20) path0=\"/run/scene/other\"");
        let blank = line("openat: (__x64_sys_openat+0x0/0x20) path0=(fault)");
        let head = "# tracer: nop\n".to_owned();
        let trace = [head, open.clone(), mark(77), open.clone(), other, blank, mark(78), open].concat();
        let said: Vec<_> =
            kprobes.read(&trace).into_iter().map(|record| (record.object, record.text)).collect();
        let expected = [(Object::Right, "path0=\"/run/scene/secret\""), (Object::Blank, "path0=(fault)")];
        assert_eq!(said, expected.map(|(object, text)| (object, text.to_owned())));
    }
}
