//! What every session records about hookbench itself in the environment of a run.

use hookbench_model::Params;
use hookbench_model::param::ParamInfo;
use hookbench_results::Environment;

use crate::session::embedded::{BPF_COMPILER, RUSTC};

/// Why a run with hardware clocks has no attribution.
pub(super) const HARDWARE: &str = "hardware clocks do not tell which code took the time";

/// An environment that names hookbench, its compilers and its default parameters.
pub(super) fn of_hookbench() -> Environment {
    Environment {
        hookbench: env!("CARGO_PKG_VERSION").into(),
        usual: default_parameters(),
        bpf_compiler: BPF_COMPILER.into(),
        rustc: RUSTC.into(),
        ..Environment::default()
    }
}

/// The default parameters of the monitors that have parameters.
fn default_parameters() -> Vec<(String, Params)> {
    let with = hookbench_probes::monitors().filter(|monitor| !monitor.sink.params.is_empty());
    let default = |info: &ParamInfo| Some((info.name.to_string(), info.usual.first()?.to_string()));
    with.map(|monitor| (monitor.name().to_string(), monitor.sink.params.iter().filter_map(default).collect()))
        .collect()
}
