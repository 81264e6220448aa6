//! An ordinary fork. The kernel makes it by `clone` and prepares credentials for the child, without a namespace.

use std::io;

use crate::child;
use crate::scenario::{Kind, Way};
use crate::scene::Scene;

pub(super) const WAY: Way = Way {
    kind: Kind::Allowed,
    has_effect: Some(super::was_let_through),
    ..Way::ordinary("fork", "an ordinary fork", run)
};

fn run(scene: &Scene) -> io::Result<()> {
    let status = scene.window(|| {
        child::run(|| {
            super::let_through(scene);
            Ok(())
        })
    })?;
    child::result(status)
}
