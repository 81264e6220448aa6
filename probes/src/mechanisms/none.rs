//! `none`: nothing watches. Every other monitor is compared with it.

use crate::mechanism::mechanism;
use crate::{MechanismInfo, Requires, SinkInfo, Watches};

mechanism!(Nothing, INFO, attach);

pub(super) const SINK: &SinkInfo =
    &SinkInfo::new("", Watches::Nothing, Requires::config(&[]), "nothing watches: the baseline");

static INFO: MechanismInfo =
    MechanismInfo::new("none", std::slice::from_ref(SINK), "no mechanism").staying("it attaches nothing");

#[cfg(feature = "attach")]
fn attach(
    _: &crate::attach::AttachRequest,
) -> Result<Box<dyn crate::attach::Attached>, crate::attach::Error> {
    Ok(Box::new(crate::attach::Blind))
}
