//! `lsm`: security modules that are attached and have nothing to do: what their
//! number alone costs.

use hookbench_model::param::{ParamInfo, Values};

use crate::{Mechanism, MechanismInfo, Requires, STACKED, SinkInfo, Watches};

/// See the module.
pub(crate) struct Lsm;

const REQUIRES: Requires = Requires {
    // Those that Debian's kernels have and that go together.
    lsm_stack: &["lockdown", "yama", "bpf", "tomoyo", "apparmor", "landlock"],
    ..Requires::config(&["CONFIG_SECURITY"])
};

const PARAMS: &[ParamInfo] = &[ParamInfo {
    name: STACKED,
    values: Values::Range(0, REQUIRES.lsm_stack.len() as u32),
    usual: &["0"],
    about: "how many of lockdown, yama, bpf, tomoyo, apparmor, landlock are in the boot line",
}];

static INFO: MechanismInfo = MechanismInfo {
    name: "lsm",
    sinks: &[SinkInfo::new(
        "idle",
        Watches::Nothing,
        REQUIRES,
        "so many security modules in the boot line, without a policy or a program",
    )
    .with(PARAMS)],
    about: "the list of security modules itself: capabilities, and others that have nothing to do",
};

impl Mechanism for Lsm {
    fn info(&self) -> &'static MechanismInfo {
        &INFO
    }

    #[cfg(feature = "attach")]
    fn attach(
        &self,
        request: &crate::attach::Request,
    ) -> Result<Box<dyn crate::attach::Attached>, crate::attach::Error> {
        use crate::attach::lsm;
        for module in REQUIRES.lsm_stack.iter().take(request.number(STACKED, 0)) {
            lsm::named(module)?;
        }
        Ok(Box::new(crate::attach::Blind))
    }
}
