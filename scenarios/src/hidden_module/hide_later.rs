//! The module was loaded before the policy looked, and hides now.

use std::fs::File;
use std::io::Write;

use super::{NEEDS, proc_file};
use crate::scenario::Way;

pub(super) const WAY: Way = Way {
    as_root: true,
    needs: NEEDS,
    ..Way::ordinary("hide-later", "a module that was loaded before hides when its file is written", |scene| {
        let mut file = File::options().write(true).open(proc_file())?;
        scene.window(|| file.write_all(b"hide"))
    })
};
