//! Mechanisms: the ways the kernel lets one watch or stop a behaviour, each
//! with its sinks. One file each and one row in [`MECHANISMS`].
//!
//! Without the feature `attach` this crate is the table alone: names, what
//! they need and what they can do. With it comes the half that runs in the guest.

use hookbench_model::MonitorName;

mod apparmor;
#[cfg(feature = "attach")]
pub mod attach;
mod audit;
mod bpf_lsm;
mod fanotify;
mod fentry;
mod fexit;
mod fmod_ret;
mod ftrace;
mod info;
mod kprobe;
mod kprobe_multi;
mod kretprobe;
mod landlock;
mod livepatch;
mod lsm;
mod lsm_cgroup;
mod module;
pub mod modules;
mod none;
pub mod own;
mod perf;
mod raw_tracepoint;
pub mod said;
mod sampling;
mod seccomp;
mod selinux;
mod tomoyo;
mod tracepoint;
pub mod undo;

pub use info::{LOADER, MechanismInfo, Requires, STACKED, Scope, SinkInfo, Watches};

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

/// A mechanism. An implementation is stateless; the state is what attaching returns.
pub trait Mechanism: Sync {
    /// Name, sinks and what they need.
    fn info(&self) -> &'static MechanismInfo;

    /// Attaches one of its sinks, in the guest.
    ///
    /// # Errors
    /// [`attach::Error::Unsupported`] when this kernel cannot, with the reason;
    /// [`attach::Error::Failed`] when it should have.
    #[cfg(feature = "attach")]
    fn attach(&self, request: &attach::Request) -> Result<Box<dyn attach::Attached>, attach::Error>;
}

/// A mechanism with one of its sinks.
#[derive(Clone, Copy)]
pub struct Monitor {
    /// The mechanism.
    pub mechanism: &'static dyn Mechanism,
    /// The sink.
    pub sink: &'static SinkInfo,
}

impl Monitor {
    /// `MECHANISM+SINK`, or `none`.
    pub fn name(&self) -> MonitorName {
        let mechanism = self.mechanism.info().name;
        let text = if self.sink.name.is_empty() {
            mechanism.into()
        } else {
            format!("{mechanism}+{}", self.sink.name)
        };
        // Names in the table are well formed: a test reads them all.
        text.parse().unwrap_or_else(|_| MonitorName::none())
    }
}

/// All monitors: the products of mechanisms and their sinks, in the order of reports.
pub fn monitors() -> impl Iterator<Item = Monitor> {
    MECHANISMS
        .iter()
        .flat_map(|&mechanism| mechanism.info().sinks.iter().map(move |sink| Monitor { mechanism, sink }))
}

/// The monitor that watches nothing.
pub fn none() -> Monitor {
    Monitor { mechanism: &none::Nothing, sink: none::SINK }
}

/// The monitor called `name`; one of a user's own by its kind.
pub fn find(name: &MonitorName) -> Option<Monitor> {
    if let Some((kind, _)) = name.custom() {
        return Some(own::monitor(kind));
    }
    monitors().find(|monitor| {
        monitor.mechanism.info().name == name.mechanism()
            && monitor.sink.name == name.sink().unwrap_or_default()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn each_file_has_its_row() {
        let files: BTreeSet<String> = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/src"))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.extension().is_some())
            .map(|path| path.file_stem().unwrap().to_string_lossy().replace('_', "-"))
            .filter(|name| !["lib", "info", "said", "undo", "modules", "own"].contains(&name.as_str()))
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
}
