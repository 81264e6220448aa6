//! What every mechanism implements, and a monitor: a mechanism with one of its sinks.
//! The mechanisms themselves are in `mechanisms`.

use hookbench_model::param::{PLACEBO, ParamInfo, is_placebo, login_uid};
use hookbench_model::protocol::{AttachOrder, CellSpec};
use hookbench_model::{Behaviour, CustomMonitorKind, Enforcement, MonitorName, Params, Schedule};

use crate::custom::tuning::EXPECT;
use crate::{BpfHook, MechanismInfo, Scope, SinkInfo, Watches};

/// A mechanism. An implementation has no state; attaching returns what has.
pub trait Mechanism: Sync {
    /// The mechanism's row: its name, its sinks and what they need.
    fn info(&self) -> &'static MechanismInfo;

    /// Attaches the sink that `request` names. Runs in the guest, or in the agent on
    /// the host.
    ///
    /// # Errors
    /// [`Error::Unsupported`](crate::attach::Error::Unsupported) when this kernel cannot
    /// do it, with the reason; [`Error::Failed`](crate::attach::Error::Failed) when it
    /// should have worked.
    #[cfg(feature = "attach")]
    fn attach(
        &self,
        request: &crate::attach::AttachRequest,
    ) -> Result<Box<dyn crate::attach::Attached>, crate::attach::Error>;
}

/// Declares a mechanism: its type, its row, and the function that attaches it, which
/// exists only with the feature `attach`.
macro_rules! mechanism {
    ($name:ident, $info:ident, $attach:path) => {
        /// The mechanism that this file describes.
        pub(crate) struct $name;

        impl $crate::Mechanism for $name {
            fn info(&self) -> &'static $crate::MechanismInfo {
                &$info
            }

            #[cfg(feature = "attach")]
            fn attach(
                &self,
                request: &$crate::attach::AttachRequest,
            ) -> Result<Box<dyn $crate::attach::Attached>, $crate::attach::Error> {
                $attach(request)
            }
        }
    };
}
pub(crate) use mechanism;

/// A mechanism with one of its sinks.
#[derive(Clone, Copy)]
pub struct Monitor {
    /// The mechanism.
    pub mechanism: &'static dyn Mechanism,
    /// The sink.
    pub sink: &'static SinkInfo,
}

impl Monitor {
    /// What it does to operations, with the parameters `tuning`. Of a custom BPF object only
    /// the user knows. A placebo is detached and does nothing.
    pub fn enforcement(&self, tuning: &Params) -> Enforcement {
        if is_placebo(tuning) {
            return Enforcement::Observes;
        }
        let is_object = self.mechanism.info().name == CustomMonitorKind::Bpf.prefix();
        let expected = tuning.get(EXPECT).filter(|_| is_object).and_then(|text| text.parse().ok());
        expected.map_or(self.sink.enforcement, Enforcement::Expects)
    }

    /// All of its parameters: those of its sink, and the one that makes it a placebo. `none` has no parameters.
    pub fn params(&self) -> Vec<ParamInfo> {
        let placebo = Some(PLACEBO).filter(|_| !self.name().is_none());
        self.sink.params.iter().copied().chain(placebo).collect()
    }

    /// Whether it sees events, with the parameters `tuning`, and must therefore report a count.
    pub fn sees(&self, tuning: &Params) -> bool {
        self.sink.sees() && !is_placebo(tuning)
    }

    /// Whether the workload's behaviour decides what it attaches. The others are the same for all workloads, so
    /// more cells can share a machine that has attached them.
    fn depends_on_behaviour(&self) -> bool {
        self.sink.sees() || self.sink.stops() || self.sink.selects
    }

    /// Why it cannot watch `behaviour` on any kernel; `None` if it can.
    pub fn blindness(&self, behaviour: &Behaviour) -> Option<String> {
        let Behaviour { name, function, lsm_hook, .. } = behaviour;
        let sink = self.sink;
        if let Some((_, why)) = sink.blind_to.iter().find(|(blind, _)| blind == name) {
            return Some((*why).into());
        }
        if let Some(only) = sink.only.filter(|only| !only.contains(name)) {
            return Some(format!("it has no records of {name}, only of {}", only.join(" and ")));
        }
        if sink.watches == Watches::LsmHook && lsm_hook.is_none() {
            return Some(format!("{name} has no LSM hook: the kernel asks no security module about it"));
        }
        (sink.hook == Some(BpfHook::FunctionResult) && !function.starts_with("security_")).then(|| {
            format!("kernels let BPF programs replace the results of security_* functions, and {name} is {function}")
        })
    }

    /// What the agent attaches for `spec`, whose workload performs `behaviour`, within so many seconds of the guest's
    /// time.
    pub fn order(&self, spec: &CellSpec, behaviour: &Behaviour, budget: u64) -> AttachOrder {
        AttachOrder {
            attach: spec.monitor.clone(),
            tuning: spec.tuning.clone(),
            behaviour: self.depends_on_behaviour().then(|| behaviour.name.to_owned()),
            readers_first: spec.schedule == Schedule::Delivered,
            ld_preload: spec.params.get("ld_preload") == Some("recorded"),
            login_uid: login_uid(&spec.params),
            budget,
        }
    }

    /// Why it cannot be detached again before the operations, as a placebo is; `None` if it can.
    pub fn stays(&self) -> Option<&'static str> {
        match self.sink.scope {
            Scope::Process => Some("the worker puts it on itself, and a process cannot take it off again"),
            Scope::System => self.mechanism.info().stays,
        }
    }

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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::find;
    use hookbench_model::BEHAVIOURS;

    fn monitor(name: &str) -> Monitor {
        find(&name.parse().unwrap()).unwrap()
    }

    #[test]
    fn a_monitor_is_blind_where_it_has_nothing_to_attach_to() {
        let blind = |name: &str, behaviour| monitor(name).blindness(Behaviour::find(behaviour).unwrap());
        assert!(blind("bpf-lsm+count", "null").unwrap().contains("no LSM hook"));
        assert!(blind("fmod-ret+deny", "null").unwrap().contains("security_*"));
        assert!(blind("selinux+policy", "open").unwrap().contains("only of exec and userns"));
        assert!(blind("apparmor+profile", "userns").unwrap().contains("AppArmor 3.0"));
        for name in ["kprobe+count", "fentry+ringbuf", "tracepoint+count", "audit+rules", "module+inline"] {
            assert!(BEHAVIOURS.iter().all(|row| monitor(name).blindness(row).is_none()), "{name}");
        }
        let hooked = BEHAVIOURS.iter().filter(|row| row.lsm_hook.is_some());
        assert!(hooked.clone().count() > 10);
        for row in hooked {
            assert_eq!(monitor("bpf-lsm+deny").blindness(row), None, "{}", row.name);
            assert_eq!(monitor("fmod-ret+deny").blindness(row), None, "{}", row.name);
        }
    }

    #[test]
    fn only_a_monitor_that_depends_on_the_behaviour_is_attached_for_it() {
        let depends = |name: &str| monitor(name).depends_on_behaviour();
        for name in [
            "bpf-lsm+count",
            "bpf-lsm+deny",
            "seccomp+allow",
            "seccomp+errno",
            "audit+rules",
            "fanotify+perm",
        ] {
            assert!(depends(name), "{name}");
        }
        for name in ["none", "lsm+idle", "audit+off", "audit+idle", "landlock+fs", "tomoyo+learning"] {
            assert!(!depends(name), "{name}");
        }
    }
}
