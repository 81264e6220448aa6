//! What the agent asks of a mechanism when it attaches a monitor.

use hookbench_model::{Behaviour, Params};

use super::scheduling::ReaderPriority;
use crate::info::{AYA, LOADER, Loader};

/// What the agent asks of a mechanism.
#[derive(Debug)]
pub struct AttachRequest<'a> {
    /// The sink, by its name in the mechanism's row; the file's name of a custom monitor.
    pub sink: &'a str,
    /// What to watch: the behaviour of the workload. A monitor that is the same for all of them gets any.
    pub behaviour: &'static Behaviour,
    /// The program that does nothing, which a sandbox must let run.
    pub noop: &'static str,
    /// The priority of readers, relative to the worker's.
    pub readers: ReaderPriority,
    /// The monitor's parameters that differ from their defaults.
    pub tuning: &'a Params,
    /// The value of LD_PRELOAD that each record must carry, if any.
    pub ld_preload: Option<&'static str>,
    /// The kernel module that the sink needs; empty when it needs none.
    pub module: &'a [u8],
    /// The login uid of the worker; `None` if it is unset.
    pub login_uid: Option<u32>,
}

impl<'a> AttachRequest<'a> {
    /// A request that belongs to no cell: for programs that hookbench loads by itself.
    pub(crate) fn internal(sink: &'a str, behaviour: &'static Behaviour) -> AttachRequest<'a> {
        AttachRequest {
            sink,
            behaviour,
            noop: "",
            readers: ReaderPriority::Below,
            tuning: Params::NONE,
            ld_preload: None,
            module: &[],
            login_uid: None,
        }
    }

    /// The BPF program of the sink: one that stops operations acts on the behaviour's policy.
    pub(crate) fn program(&self) -> String {
        match self.sink {
            "deny" | "override" | "kill" => format!("{}_{}", self.sink, self.behaviour.policy.symbol()),
            sink => sink.to_owned(),
        }
    }

    /// The value of the monitor's parameter `name`, or `default`.
    pub fn number(&self, name: &str, default: usize) -> usize {
        self.tuning.get(name).and_then(|value| value.parse().ok()).unwrap_or(default)
    }

    /// The loader of BPF objects.
    pub(crate) fn loader(&self) -> Loader {
        if self.tuning.get(LOADER) == Some(AYA) { Loader::Aya } else { Loader::Libbpf }
    }
}
