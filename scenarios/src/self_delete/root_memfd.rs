//! An allowed neighbour: root executes a program from a memfd, as runc does with itself.

use super::{has_arrived, memfd};
use crate::scenario::{Kind, Way};

pub(super) const WAY: Way = Way {
    kind: Kind::Allowed,
    as_root: true,
    has_effect: Some(has_arrived),
    ..Way::ordinary(
        "root-memfd",
        "root executes a program from a memfd, as container runtimes do",
        memfd::run,
    )
};
