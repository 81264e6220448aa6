//! The parameters that several mechanisms have. Those of one mechanism are in its file.

use hookbench_model::param::{ParamInfo, Values};

/// The parameter that says how many of [`Requires::lsm_stack`](crate::Requires::lsm_stack)
/// the boot line names.
pub const STACKED: &str = "modules";

/// The parameter of BPF mechanisms that says how many identical programs are attached to
/// each hook or function.
pub(crate) const PROGRAMS: &str = "programs";

const PROGRAMS_PARAM: ParamInfo = ParamInfo {
    name: PROGRAMS,
    values: Values::Range(1, 32),
    usual: &["1"],
    about: "identical programs on each hook or function",
};

/// The parameter that says which loader loads a sink's BPF object.
pub const LOADER: &str = "loader";

/// The value of [`LOADER`] that is not the default.
#[cfg(feature = "attach")]
pub(crate) const AYA: &str = LOADER_VALUES[1];

const LOADER_VALUES: &[&str] = &["libbpf", "aya"];

/// For sinks with a hook that both loaders know.
pub(super) const LOADERS: &[ParamInfo] = &[LOADER_PARAM];

const LOADER_PARAM: ParamInfo = ParamInfo {
    name: LOADER,
    values: Values::Words(LOADER_VALUES),
    usual: &["libbpf"],
    about: "loader of the BPF object; it decides what attaching costs and how much memory stays in use",
};

/// For sinks that can also be attached several times at one place.
pub(crate) const LOADER_AND_PROGRAMS: &[ParamInfo] = &[LOADER_PARAM, PROGRAMS_PARAM];
