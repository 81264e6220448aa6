//! tracefs: events, tracers and probes that are switched on, in the main instance and in
//! others. The counters of the buffers show whether events were recorded.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use super::{Saw, Sign, counted, listed};
use crate::attach::tracefs;
use crate::kernel_text::recorded_in;

/// Each instance by its name; the main one has none.
#[derive(Debug, Default)]
pub(super) struct Tracing(BTreeMap<String, Instance>);

#[derive(Debug, Default, Clone)]
struct Instance {
    is_on: bool,
    events: BTreeSet<String>,
    /// Empty for `nop`.
    tracer: String,
    triggers: Triggers,
    profiles: bool,
    recorded: u64,
}

/// Triggers of events. They work whether the event is recorded or not.
#[derive(Debug, Default, Clone, Copy)]
struct Triggers {
    /// The hits of histograms.
    hits: u64,
    /// Whether there are triggers of which nothing is counted.
    others: bool,
}

/// The largest number of events whose triggers are read.
const MOST: usize = 100;

impl Tracing {
    /// Reads all instances. A kernel without tracefs has nothing switched on.
    pub(super) fn read() -> Tracing {
        let mut all = BTreeMap::from([(String::new(), Instance::read(&tracefs::path("")))]);
        for entry in fs::read_dir(tracefs::path("instances")).into_iter().flatten().flatten() {
            all.insert(entry.file_name().to_string_lossy().into_owned(), Instance::read(&entry.path()));
        }
        Tracing(all)
    }

    /// What is on now and was not `before`.
    pub(super) fn since(&self, before: &Tracing) -> Option<Sign> {
        let nothing = Instance::default();
        let (mut texts, mut recorded, mut uncounted, mut parts) = (Vec::new(), 0u64, false, 0);
        for (name, now) in &self.0 {
            let new = now.since(before.0.get(name).unwrap_or(&nothing));
            if new.is_empty() {
                continue;
            }
            recorded = recorded.wrapping_add(now.recorded).wrapping_add(now.triggers.hits);
            uncounted |= now.profiles || now.triggers.others;
            parts += now.events.len() + usize::from(!now.tracer.is_empty());
            let place = if name.is_empty() { String::new() } else { format!(" in the instance {name}") };
            texts.push(new.join(" and ") + &place);
        }
        let saw = if uncounted { Saw::Uncounted } else { Saw::Count(recorded) };
        (!texts.is_empty()).then(|| Sign::new(texts.join(", "), saw).of_parts(parts))
    }
}

impl Instance {
    fn read(folder: &Path) -> Instance {
        let read = |file: &str| fs::read_to_string(folder.join(file)).unwrap_or_default();
        let tracer = read("current_tracer").trim().to_string();
        let cpus = fs::read_dir(folder.join("per_cpu")).into_iter().flatten().flatten();
        let stats = cpus.filter_map(|cpu| fs::read_to_string(cpu.path().join("stats")).ok());
        let events = read("set_event").lines().map(String::from).collect();
        Instance {
            is_on: read("tracing_on").trim() == "1",
            triggers: read_triggers(folder, &events),
            events,
            tracer: if tracer == "nop" { String::new() } else { tracer },
            profiles: read("function_profile_enabled").trim() == "1",
            recorded: stats.fold(0, |sum, stats| sum.wrapping_add(recorded_in(&stats))),
        }
    }

    /// What is on and was not `before`. An instance that is off records nothing.
    fn since(&self, before: &Instance) -> Vec<String> {
        let mut new = Vec::new();
        let events: Vec<&str> = self.events.difference(&before.events).map(String::as_str).collect();
        if self.is_on && !events.is_empty() {
            new.push(format!("{} ({})", counted(events.len(), "trace event"), listed(&events)));
        }
        if self.is_on && !self.tracer.is_empty() && self.tracer != before.tracer {
            new.push(format!("the tracer {}", self.tracer));
        }
        if self.profiles && !before.profiles {
            new.push("the function profiler".into());
        }
        new
    }
}

/// What the triggers of `events` in the instance at `folder` have seen.
fn read_triggers(folder: &Path, events: &BTreeSet<String>) -> Triggers {
    let mut found = Triggers::default();
    // Nobody sets triggers on so many; reading all files takes long.
    for event in events.iter().filter(|_| events.len() <= MOST) {
        let Some((system, name)) = event.split_once(':') else { continue };
        let event = folder.join("events").join(system).join(name);
        let read = |file: &str| fs::read_to_string(event.join(file)).unwrap_or_default();
        for trigger in read("trigger").lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
            match trigger.starts_with("hist:") {
                true => found.hits = found.hits.wrapping_add(hits_in(&read("hist"))),
                false => found.others = true,
            }
        }
    }
    found
}

/// The hits of all histograms in the text of a file `hist`.
fn hits_in(histograms: &str) -> u64 {
    let hits = histograms.lines().filter_map(|line| line.trim().strip_prefix("Hits:")?.trim().parse().ok());
    hits.fold(0, u64::wrapping_add)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn instance(is_on: bool, events: &[&str], tracer: &str) -> Instance {
        let events = events.iter().map(|event| event.to_string()).collect();
        Instance { is_on, events, tracer: tracer.into(), recorded: 5, ..Instance::default() }
    }

    fn tracing(main: Instance) -> Tracing {
        Tracing(BTreeMap::from([(String::new(), main)]))
    }

    #[test]
    fn events_count_only_while_their_instance_records() {
        let before = tracing(instance(true, &["sched:a"], ""));
        let events = ["sched:a", "sched:b"];
        let sign = tracing(instance(true, &events, "")).since(&before).unwrap();
        assert_eq!(sign, Sign::new("1 trace event (sched:b)", Saw::Count(5)).of_parts(2));
        assert_eq!(tracing(instance(false, &events, "function")).since(&before), None);
        assert_eq!(tracing(instance(true, &["sched:a"], "")).since(&before), None);
        let function = tracing(instance(true, &[], "function")).since(&before).unwrap();
        assert_eq!(function.text, "the tracer function");
    }

    #[test]
    fn other_instances_are_named() {
        let mut now = tracing(instance(true, &[], ""));
        now.0.insert("mine".into(), instance(true, &["a:b", "a:c"], ""));
        let sign = now.since(&tracing(instance(true, &[], ""))).unwrap();
        assert_eq!(sign.text, "2 trace events (a:b, a:c) in the instance mine");
    }

    #[test]
    fn histograms_count_and_other_triggers_do_not() {
        let histogram = "# event histogram\n#\n\n{ common_pid:  9 } hitcount:  2\n\nTotals:\n    Hits: 42\n    \
                         Entries: 1\n    Dropped: 0\n";
        assert_eq!((hits_in(histogram), hits_in("")), (42, 0));
        let with = |triggers| {
            let now = Instance { triggers, ..instance(true, &["a:b"], "") };
            tracing(now).since(&tracing(Instance::default())).unwrap().saw
        };
        assert_eq!(with(Triggers { hits: 42, others: false }), Saw::Count(47));
        assert_eq!(with(Triggers { hits: 42, others: true }), Saw::Uncounted);
    }

    #[test]
    fn what_a_profiler_sees_is_not_counted() {
        let now = Instance { profiles: true, ..instance(false, &[], "") };
        let sign = tracing(now).since(&tracing(Instance::default())).unwrap();
        assert_eq!(sign, Sign::new("the function profiler", Saw::Uncounted).of_parts(0));
    }
}
