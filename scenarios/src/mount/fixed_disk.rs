//! An allowed neighbour: a disk with the same file system that is not removable.

use super::{EXT4, MOUNTED, media};
use crate::modules;
use crate::scenario::{Kind, Need, Way};
use crate::sys::mount;

/// The disk, in memory.
const DISK: &str = "/dev/ram0";

pub(super) const WAY: Way = Way {
    kind: Kind::Allowed,
    as_root: true,
    needs: &[Need::ModuleFile("brd")],
    ..Way::ordinary("fixed-disk", "mount(2) of a disk that is not removable", |scene| {
        modules::load("brd", "rd_nr=1 rd_size=1024")?;
        media::write_image(DISK)?;
        let place = scene.path(MOUNTED);
        scene.window(|| mount(DISK, &place, Some(EXT4), libc::MS_RDONLY, ""))
    })
};
