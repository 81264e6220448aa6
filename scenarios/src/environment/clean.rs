//! A program with an environment that nobody minds.

use super::{execute_with, worked};
use crate::scenario::{Kind, Way};

pub(super) const WAY: Way = Way {
    kind: Kind::Allowed,
    has_effect: Some(worked),
    ..Way::ordinary("clean", "execve with PATH and HOME", |scene| {
        execute_with(scene, ["PATH=/bin", "HOME=/"].map(String::from).to_vec())
    })
};
