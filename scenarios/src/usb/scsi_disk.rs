//! An allowed neighbour: a removable SCSI disk that is on no USB. It is called `sd` and a letter, as drives are.

use super::{drives, mount_disk, with_drive};
use crate::scenario::{Kind, Way};

pub(super) const WAY: Way = Way {
    kind: Kind::Allowed,
    ..with_drive("scsi-disk", "mount(2) of a removable SCSI disk that is on no USB", |scene| {
        let disk = drives::SCSI.path()?;
        scene.window(|| mount_disk(scene, &disk))
    })
};
