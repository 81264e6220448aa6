//! The text of a library mapped to be executed, which each program does. A policy lets it through.

use super::memory::run;
use super::text;
use crate::scenario::{Kind, Way};

pub(super) const WAY: Way = Way {
    kind: Kind::Allowed,
    has_effect: Some(super::was_let_through),
    ..Way::ordinary("library", "maps the text of a library and runs it", |scene| {
        let page = scene.window(|| text::mapped(scene, 0))?;
        run(scene, page);
        Ok(())
    })
};
