//! A script that names the program as its interpreter.

use super::scene_files::{VULNERABLE, write};
use crate::scenario::Way;

pub(super) const WAY: Way =
    Way::ordinary("script", "execve of a script whose first line names it", |scene| {
        let script = scene.path("script");
        write(&script, format!("#!{VULNERABLE}\n").as_bytes())?;
        super::execute(scene, &script)
    });
