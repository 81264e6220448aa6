//! Kprobe events: made from the tables of a scenario, and written as tracefs reads them
//! (Documentation/trace/kprobetrace.rst). An event is at the entry of the kernel's function for a call, so it has the
//! call's right name whoever makes it. It fetches paths and flags. A filter compares the flags; a path is compared by
//! whoever reads the record, because the event cannot fetch one whose page is not in memory.

use crate::scenario::{Abi, Call};
use crate::subject::Subject;

/// The calls that take paths, and which of their arguments those are, from 0.
const PATHS: &[(&str, &[u8])] = &[
    ("open", &[0]),
    ("creat", &[0]),
    ("openat", &[1]),
    ("openat2", &[1]),
    ("execve", &[0]),
    ("execveat", &[1]),
    ("uselib", &[0]),
    ("truncate", &[0]),
    ("truncate64", &[0]),
    ("unlink", &[0]),
    ("unlinkat", &[1]),
    ("rename", &[0, 1]),
    ("renameat", &[1, 3]),
    ("renameat2", &[1, 3]),
    ("mount", &[0, 1]),
];

/// Where `struct pt_regs` has the arguments of a 64-bit caller and of a 32-bit one, from the first on.
const NATIVE: [u32; 6] = [112, 104, 96, 56, 72, 64];
const COMPAT: [u32; 6] = [40, 88, 96, 104, 112, 32];

/// A kprobe event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Event {
    /// Its name in the group.
    pub(crate) name: String,
    /// The call that it is about.
    pub(crate) call: Call,
    /// The functions of the call. A kernel has some of them.
    pub(crate) functions: Vec<String>,
    /// What it fetches, as in its definition; empty for nothing.
    pub(crate) fetches: String,
    /// The filter; empty for none.
    pub(crate) filter: String,
    /// The paths that it is about, if it fetches paths; a record of another one is not.
    pub(crate) about: Vec<String>,
}

/// The group of the events for `subject`.
pub(crate) fn group(subject: &Subject) -> String {
    subject.scenario.policy.replace('-', "_")
}

/// The events for `subject`. A textbook policy has the functions for 64-bit programs.
pub(crate) fn events(subject: &Subject) -> Vec<Event> {
    let mut events: Vec<Event> = Vec::new();
    for event in subject.calls.iter().map(|call| event(subject, *call)) {
        if !events.iter().any(|known| known.name == event.name) {
            events.push(event);
        }
    }
    events
}

fn event(subject: &Subject, call: Call) -> Event {
    let name = call.name.to_lowercase();
    let takes = PATHS.iter().find(|(known, _)| *known == name).map_or(&[][..], |(_, arguments)| arguments);
    let takes = if call.abi == Abi::Uring { &[] } else { takes };
    let register = |argument: u8| {
        let places = if call.abi == Abi::Compat { COMPAT } else { NATIVE };
        places.get(usize::from(argument)).copied().unwrap_or_default()
    };
    let paths = takes.iter().enumerate();
    let mut fetches: Vec<String> = paths
        .map(|(number, argument)| format!("path{number}=+0(+{}(%di)):ustring", register(*argument)))
        .collect();
    let flags = call.flags.filter(|_| call.abi != Abi::Uring);
    fetches.extend(flags.map(|flags| format!("flags=+{}(%di):x32", register(flags.argument))));
    // A scenario about a text is not about the files of its calls.
    let is_about_files = !takes.is_empty() && subject.scenario.text.is_none();
    let files = subject.files.iter().filter(|_| is_about_files);
    let suffix = match call.abi {
        Abi::Native => "",
        Abi::Compat => "_32",
        Abi::Uring => "_uring",
    };
    Event {
        name: format!("{name}{suffix}"),
        functions: functions(&name, call.abi),
        call,
        fetches: fetches.join(" "),
        filter: flags.map_or_else(String::new, |flags| format!("flags & {:#x}", flags.mask)),
        about: files.map(|(path, _)| path.clone()).collect(),
    }
}

/// The functions that the call `name` may have.
fn functions(name: &str, abi: Abi) -> Vec<String> {
    match abi {
        Abi::Native => vec![format!("__x64_sys_{name}")],
        Abi::Compat if name == "mmap2" => vec!["__ia32_sys_mmap_pgoff".into()],
        Abi::Compat => ["sys_", "compat_sys_", "sys_ia32_", "compat_sys_ia32_"]
            .map(|kind| format!("__ia32_{kind}{name}"))
            .to_vec(),
        Abi::Uring => vec![format!("io_{name}")],
    }
}

impl Event {
    /// Its definition at `function`, in `group`.
    pub(crate) fn definition(&self, group: &str, function: &str) -> String {
        format!("p:{group}/{} {function} {}", self.name, self.fetches).trim_end().to_owned()
    }
}

/// The file with the events; `None` if there are none.
pub(crate) fn file(subject: &Subject) -> Option<String> {
    let group = group(subject);
    let line = |event: &Event| {
        let lines = event.functions.iter().map(|function| event.definition(&group, function) + "\n");
        let filter = match &*event.filter {
            "" => String::new(),
            filter => format!("# echo '{filter}' > events/{group}/{}/filter\n", event.name),
        };
        let about: String =
            event.about.iter().map(|path| format!("# Look for the path {path} in its records.\n")).collect();
        lines.collect::<String>() + &filter + &about
    };
    let lines: String = events(subject).iter().map(line).collect();
    let head = format!(
        "# {}\n# In /sys/kernel/tracing: while read -r line; do echo \"$line\" >> kprobe_events; done < FILE\n\
         # A kernel does not have all of the functions, and refuses the lines with the others. Then set the filters, and\n\
         # echo 1 > events/{group}/enable\n",
        subject.scenario.about
    );
    (!lines.is_empty()).then(|| head + &lines)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::PolicyName;

    fn events_of(scenario: &str, policy: &str) -> Vec<Event> {
        let name: PolicyName = policy.parse().unwrap();
        events(&Subject::of(crate::find(scenario).unwrap(), name))
    }

    #[test]
    fn an_event_fetches_the_path_and_compares_the_flags_of_a_call() {
        let events = events_of("read-secret", "kprobe+watch");
        let openat = events.iter().find(|event| event.name == "openat").unwrap();
        let definition = "p:g/openat __x64_sys_openat path0=+0(+104(%di)):ustring";
        assert_eq!(openat.definition("g", &openat.functions[0]), definition);
        assert_eq!((&*openat.filter, &openat.about[..]), ("", &["/run/scene/secret".to_owned()][..]));
        let events = events_of("userns", "kprobe+watch[complete]");
        let clone = events.iter().find(|event| event.name == "clone_32").unwrap();
        assert_eq!((&*clone.fetches, &*clone.filter), ("flags=+40(%di):x32", "flags & 0x10000000"));
    }

    #[test]
    fn a_policy_has_an_event_for_each_call() {
        for scenario in crate::SCENARIOS {
            let events = events_of(scenario.name, "kprobe+watch[complete]");
            let names: std::collections::BTreeSet<&str> = events.iter().map(|event| &*event.name).collect();
            assert_eq!(names.len(), scenario.complete.len(), "{}", scenario.name);
        }
    }
}
