//! A child of the program becomes another program, which deletes the file of its parent.

use std::io;

use super::FILE;
use super::image::{become_program, execute};
use crate::child;
use crate::exchange::PROGRAM;
use crate::scenario::Way;
use crate::scene::Scene;

pub(super) const WAY: Way = Way::ordinary(
    "other-program",
    "a child executes another file, which unlinks that of its parent",
    |scene| become_program(scene, &scene.path(FILE), "other-program"),
);

pub(super) fn deed(scene: &Scene, file: &str) -> io::Result<()> {
    scene.window(|| {
        child::run(|| {
            // Returns only when the kernel refuses: then the effect is missing.
            let _ = execute(PROGRAM, "remove", file);
            Ok(())
        })
    })?;
    Ok(())
}
