//! `lsm`: security modules that are active and have nothing to do. It measures the cost of
//! their number alone.

use hookbench_model::param::{ParamInfo, Values};

#[cfg(feature = "attach")]
use crate::attach::{AttachRequest, Attached, Blind, Error, lsm};
use crate::mechanism::mechanism;
use crate::{MechanismInfo, Requires, STACKED, SinkInfo, Watches};

mechanism!(Lsm, INFO, attach);

const REQUIRES: Requires = Requires {
    // Those that Debian's kernels have and that work together.
    lsm_stack: &["lockdown", "yama", "bpf", "tomoyo", "apparmor", "landlock"],
    ..Requires::config(&["CONFIG_SECURITY"])
};

const PARAMS: &[ParamInfo] = &[ParamInfo {
    name: STACKED,
    values: Values::Range(0, REQUIRES.lsm_stack.len() as u32),
    usual: &["0"],
    about: "how many of lockdown, yama, bpf, tomoyo, apparmor, landlock the boot line names",
}];

static INFO: MechanismInfo = MechanismInfo::new(
    "lsm",
    &[SinkInfo::new(
        "idle",
        Watches::Nothing,
        REQUIRES,
        "a number of security modules in the boot line, without a policy or a program",
    )
    .with(PARAMS)],
    "the list of security modules itself: capabilities, and others that have nothing to do",
)
.staying("the boot line activates it");

#[cfg(feature = "attach")]
fn attach(request: &AttachRequest) -> Result<Box<dyn Attached>, Error> {
    for module in REQUIRES.lsm_stack.iter().take(request.number(STACKED, 0)) {
        lsm::require_active(module)?;
    }
    Ok(Box::new(Blind))
}
