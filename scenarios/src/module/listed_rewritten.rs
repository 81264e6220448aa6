//! Another module is written into a file that is on the policy's list: a list of inodes says nothing of what is in them.

use std::fs::File;

use super::{ALLOWED, FORBIDDEN, LISTED_FILE, by_root, finit_file, rewrite_listed};
use crate::scenario::{Need, Way};

pub(super) const WAY: Way = Way {
    needs: &[Need::ModuleFile(FORBIDDEN), Need::ModuleFile(ALLOWED)],
    ..by_root(
        "listed-rewritten",
        "the module is written into a file on the list, then finit_module",
        |scene| {
            rewrite_listed(FORBIDDEN)?;
            let file = File::open(LISTED_FILE)?;
            scene.window(|| finit_file(&file, 0))
        },
    )
};
