//! An ordinary user asks for a family of sockets that the kernel does not have, and the kernel has its module loaded.

use super::FORBIDDEN;
use crate::scenario::{Need, Way};

pub(super) const WAY: Way = Way {
    needs: &[Need::ModuleFile(FORBIDDEN)],
    ..Way::ordinary("request-socket", "an ordinary user calls socket(AF_ROSE)", |scene| {
        scene.begin()?;
        // The module has no such family, so the call fails in any case.
        // SAFETY: no memory is involved.
        unsafe { libc::socket(libc::AF_ROSE, libc::SOCK_DGRAM, 0) };
        scene.end();
        Ok(())
    })
};
