//! `tracing_on`: ftrace's ring buffer takes no records.

use super::{switched_off, tampering};
use crate::scenario::Way;

pub(super) const WAY: Way = tampering("tracing-on", "0 to /sys/kernel/tracing/tracing_on", |scene| {
    switched_off(scene, "/sys/kernel/tracing/tracing_on", "0", "1")
});
