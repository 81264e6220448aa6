//! An allowed neighbour: the module whose file is on the policy's list.

use std::fs::File;

use super::{ALLOWED, LISTED_FILE, finit_file};
use crate::modules;
use crate::scenario::{Kind, Need, Way};

pub(super) const WAY: Way = Way {
    kind: Kind::Allowed,
    as_root: true,
    needs: &[Need::ModuleFile(ALLOWED)],
    has_effect: Some(|_, _| Ok(modules::is_loaded(ALLOWED))),
    ..Way::ordinary("listed", "finit_module of a file that is on the list of allowed modules", |scene| {
        let file = File::open(LISTED_FILE)?;
        scene.window(|| finit_file(&file, 0))
    })
};
