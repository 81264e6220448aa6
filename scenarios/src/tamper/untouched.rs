//! Nothing: the policy has to see or stop this, or the other ways say nothing.

use super::{tampering, then_unshare};
use crate::scenario::Way;

pub(super) const WAY: Way =
    tampering("untouched", "nothing is tampered with", |scene| then_unshare(scene, || Ok(()), || Ok(())));
