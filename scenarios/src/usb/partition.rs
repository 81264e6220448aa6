//! `mount(2)` of a partition.

use super::{drives, mount_disk, with_drive};
use crate::scenario::Way;

pub(super) const WAY: Way = with_drive("partition", "mount(2) of a partition of a drive", |scene| {
    let partition = drives::partition_of(&drives::PARTITIONED.path()?);
    scene.window(|| mount_disk(scene, &partition))
});
