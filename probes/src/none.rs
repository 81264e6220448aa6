//! `none`: nothing watches. What every other monitor is compared with.

use crate::{Mechanism, MechanismInfo, Requires, SinkInfo, Watches};

/// See the module.
pub(crate) struct Nothing;

pub(crate) const SINK: &SinkInfo =
    &SinkInfo::new("", Watches::Nothing, Requires::config(&[]), "nothing watches: the baseline");

static INFO: MechanismInfo =
    MechanismInfo { name: "none", sinks: std::slice::from_ref(SINK), about: "no mechanism" };

impl Mechanism for Nothing {
    fn info(&self) -> &'static MechanismInfo {
        &INFO
    }

    #[cfg(feature = "attach")]
    fn attach(
        &self,
        _: &crate::attach::Request,
    ) -> Result<Box<dyn crate::attach::Attached>, crate::attach::Error> {
        Ok(Box::new(crate::attach::Blind))
    }
}
