//! `sysctl kernel.ftrace_enabled=0`, which takes ftrace's hooks out of the kernel's functions. Since 7.3 the kernel
//! refuses it.

use super::{switched_off, tampering};
use crate::scenario::Way;

pub(super) const WAY: Way = tampering("ftrace-enabled", "sysctl kernel.ftrace_enabled=0", |scene| {
    switched_off(scene, "/proc/sys/kernel/ftrace_enabled", "0", "1")
});
