//! The table of mechanisms: one file each, one row in [`MECHANISMS`]. A file holds all
//! that is particular to its mechanism: names, requirements, facts for reports, and how
//! to attach it. What several mechanisms share is in `attach`.

use hookbench_model::MonitorName;

use crate::{Mechanism, Monitor, custom};

mod apparmor;
pub(crate) mod audit;
mod bpf_lsm;
mod fanotify;
mod fentry;
mod fexit;
mod fmod_ret;
mod ftrace;
mod kprobe;
mod kprobe_multi;
mod kretprobe;
mod landlock;
mod livepatch;
mod lsm;
mod lsm_cgroup;
mod module;
mod none;
mod perf;
mod raw_tracepoint;
mod sampling;
mod seccomp;
mod selinux;
mod tomoyo;
mod tracepoint;

/// All mechanisms, in the order of reports.
pub static MECHANISMS: &[&dyn Mechanism] = &[
    &none::Nothing,
    &lsm::Lsm,
    &audit::Audit,
    &selinux::Selinux,
    &apparmor::Apparmor,
    &tomoyo::Tomoyo,
    &bpf_lsm::BpfLsm,
    &lsm_cgroup::LsmCgroup,
    &kprobe::Kprobe,
    &kprobe_multi::KprobeMulti,
    &kretprobe::Kretprobe,
    &fentry::Fentry,
    &fexit::Fexit,
    &fmod_ret::FmodRet,
    &tracepoint::Tracepoint,
    &raw_tracepoint::RawTracepoint,
    &ftrace::Ftrace,
    &livepatch::Livepatch,
    &module::Module,
    &perf::Perf,
    &seccomp::Seccomp,
    &landlock::Landlock,
    &fanotify::Fanotify,
    &sampling::Sampling,
];

/// All monitors: every mechanism with each of its sinks, in the order of reports.
pub fn monitors() -> impl Iterator<Item = Monitor> {
    MECHANISMS
        .iter()
        .flat_map(|&mechanism| mechanism.info().sinks.iter().map(move |sink| Monitor { mechanism, sink }))
}

/// The monitor that watches nothing.
pub fn none() -> Monitor {
    Monitor { mechanism: &none::Nothing, sink: none::SINK }
}

/// The monitor called `name`; a custom one is found by its kind.
pub fn find(name: &MonitorName) -> Option<Monitor> {
    if let Some((kind, _)) = name.custom() {
        return Some(custom::monitor(kind));
    }
    monitors().find(|monitor| {
        monitor.mechanism.info().name == name.mechanism()
            && monitor.sink.name == name.sink().unwrap_or_default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{LOADER, Loader, Watches};
    use hookbench_model::Enforcement;
    use std::collections::BTreeSet;

    #[test]
    fn each_file_has_its_row() {
        let files: BTreeSet<String> =
            std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/src/mechanisms"))
                .unwrap()
                .map(|entry| entry.unwrap().path().file_stem().unwrap().to_string_lossy().replace('_', "-"))
                .filter(|name| name != "mod")
                .collect();
        let rows: BTreeSet<String> =
            MECHANISMS.iter().map(|mechanism| mechanism.info().name.into()).collect();
        assert_eq!(files, rows);
    }

    #[test]
    fn each_monitor_is_found_by_its_name() {
        let names: Vec<String> = monitors().map(|monitor| monitor.name().to_string()).collect();
        assert_eq!(names.iter().collect::<BTreeSet<_>>().len(), names.len());
        for name in names {
            let found = find(&name.parse().unwrap()).unwrap();
            assert_eq!(found.name().to_string(), name);
        }
        assert!(find(&"bpf-lsm+telepathy".parse().unwrap()).is_none());
    }

    #[test]
    fn a_sink_lets_the_user_choose_a_loader_where_its_hook_has_several() {
        for monitor in monitors() {
            let offered = monitor.sink.params.iter().any(|param| param.name == LOADER);
            let several = monitor.sink.hook.is_some_and(|hook| hook.loaders().contains(&Loader::Aya));
            assert_eq!(offered, several, "{}", monitor.name());
        }
    }

    /// Which loaders know a type of program was tried in guests.
    #[test]
    fn these_programs_are_loaded_by_libbpf_only() {
        let only = monitors().filter(|monitor| {
            monitor.sink.hook.is_some_and(|hook| matches!(hook.loaders(), [Loader::Libbpf]))
        });
        let names: BTreeSet<String> = only
            .map(|monitor| monitor.name().to_string())
            .filter(|name| !name.starts_with("sampling"))
            .collect();
        let expected = [
            "fmod-ret+deny",
            "kprobe+override",
            "kprobe-multi+count",
            "kprobe-multi+ringbuf",
            "lsm-cgroup+count",
        ];
        assert_eq!(names, expected.map(String::from).into());
    }

    #[test]
    fn a_placebo_sees_and_refuses_nothing() {
        let (placebo, plain) = ("placebo=yes".parse().unwrap(), Default::default());
        let deny = find(&"bpf-lsm+deny".parse().unwrap()).unwrap();
        assert!(deny.sees(&plain) && !deny.sees(&placebo));
        assert!(matches!(deny.enforcement(&plain), Enforcement::Denies(_)));
        assert_eq!(deny.enforcement(&placebo), Enforcement::Observes);
        let object = find(&"bpf:x.o".parse().unwrap()).unwrap();
        let refusing = "expect=EPERM placebo=yes".parse().unwrap();
        assert_eq!(object.enforcement(&refusing), Enforcement::Observes);
    }

    #[test]
    fn a_monitor_that_cannot_be_detached_says_why() {
        let stays = |name: &str| find(&name.parse().unwrap()).unwrap().stays().is_some();
        for name in ["bpf-lsm+count", "kprobe+ringbuf", "fanotify+perm", "module+inline", "bpf:x.o"] {
            assert!(!stays(name), "{name}");
        }
        for name in ["none", "audit+idle", "seccomp+log", "landlock+fs", "lsm+idle", "apparmor+idle", "cmd:x"]
        {
            assert!(stays(name), "{name}");
        }
        for monitor in monitors().filter(|monitor| monitor.mechanism.info().permanent) {
            assert!(monitor.stays().is_some(), "{}", monitor.name());
        }
        assert!(none().params().is_empty());
    }

    #[test]
    fn a_mechanism_whose_policy_denies_says_that_it_can_refuse() {
        for monitor in monitors() {
            let (info, name) = (monitor.mechanism.info(), monitor.name().to_string());
            // The kernel option that this one needs is absent in distributions' kernels.
            let denies = matches!(monitor.sink.enforcement, Enforcement::Denies(_));
            assert!(!denies || info.can_refuse || name == "kprobe+override", "{name}");
            assert!(monitor.sink.requires.policy.is_none() || info.permanent, "{name} loads a policy");
            assert!(!monitor.sink.samples || monitor.sink.watches != Watches::Nothing, "{name}");
        }
    }
}
