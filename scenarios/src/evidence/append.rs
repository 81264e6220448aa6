//! What loggers do.

use std::fs;
use std::io::{self, Write};

use super::{LINE, LOG, open_to_append, original};
use crate::scenario::{Kind, Way};
use crate::scene::{Scene, Shared};

pub(super) const WAY: Way = Way {
    kind: Kind::Allowed,
    has_effect: Some(has_grown),
    ..Way::ordinary("append", "openat(O_APPEND) and write", |scene| {
        scene.window(|| open_to_append()?.write_all(LINE))
    })
};

fn has_grown(_: &Scene, _: &Shared) -> io::Result<bool> {
    Ok(fs::read(LOG)? == [&original()[..], LINE].concat())
}
