//! `execveat`, whose environment is its fourth argument.

use super::block::Texts;
use super::{LOOK, PROGRAM, arguments, ld_preload, variable};
use crate::scenario::Way;
use crate::sys::{check_long, path};

pub(super) const WAY: Way = Way::ordinary("execveat", "execveat with LD_PRELOAD", |scene| {
    let (program, arguments) = (path(PROGRAM)?, arguments(LOOK, ld_preload::NAME)?);
    let environment = Texts::new([variable(ld_preload::NAME)])?;
    let (arguments, environment) = (arguments.block(), environment.block());
    let (arguments, environment) = (arguments.as_ptr(), environment.as_ptr());
    let (call, here) = (libc::SYS_execveat, libc::AT_FDCWD);
    // SAFETY: the texts outlive the call, which returns only when it fails.
    let execute = || unsafe { libc::syscall(call, here, program.as_ptr(), arguments, environment, 0) };
    scene.window(|| check_long(execute())).map(drop)
});
