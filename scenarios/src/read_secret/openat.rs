//! `openat`, which the C library uses.

use super::{SECRET_C, open_path, read_after};
use crate::scenario::Way;

pub(super) const WAY: Way =
    Way::ordinary("openat", "openat(O_RDONLY)", |scene| read_after(scene, || open_path(SECRET_C)));
