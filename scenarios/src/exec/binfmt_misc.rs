//! A document for whose kind the program is registered as the interpreter.

use std::fs;
use std::io;

use super::scene_files::{VULNERABLE, write};
use crate::scenario::{Need, Way};
use crate::scene::Scene;
use crate::sys::mount;

pub(super) const WAY: Way = Way {
    needs: &[Need::Loaded("binfmt_misc")],
    as_root: true,
    ..Way::ordinary("binfmt-misc", "execve of a document whose kind is registered for it", run)
};

fn run(scene: &Scene) -> io::Result<()> {
    let (folder, document) = (scene.path("binfmt"), scene.path("document"));
    fs::create_dir(&folder)?;
    mount("binfmt_misc", &folder, Some("binfmt_misc"), 0, "")?;
    fs::write(format!("{folder}/register"), format!(":hookbench:M::HBX1::{VULNERABLE}:"))?;
    write(&document, b"HBX1 and anything else")?;
    super::execute(scene, &document)
}
