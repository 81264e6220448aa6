//! What every mechanism implements, and a monitor: a mechanism with one of its sinks.
//! The mechanisms themselves are in `mechanisms`.

use hookbench_model::param::{PLACEBO, ParamInfo, is_placebo, login_uid};
use hookbench_model::protocol::{AttachOrder, CellSpec};
use hookbench_model::{Behaviour, CustomMonitorKind, Enforcement, MonitorName, Params, Schedule};

use crate::custom::tuning::EXPECT;
use crate::{MechanismInfo, Scope, SinkInfo};

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
        let blind = self.sink.blind_to.iter().find(|(name, _)| *name == behaviour.name);
        blind.map(|(_, why)| (*why).to_owned())
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
