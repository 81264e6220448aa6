//! A program is started: the kernel maps its text, and its start-up code changes what its memory is for. A policy lets
//! it through.

use std::io;
use std::sync::atomic::Ordering;

use super::text;
use crate::child;
use crate::exchange::PROGRAM;
use crate::scenario::{Kind, Way};
use crate::scene::Scene;
use crate::sys::{self, check, errno_of};

pub(super) const WAY: Way = Way {
    kind: Kind::Allowed,
    has_effect: Some(super::was_let_through),
    ..Way::ordinary("program", "starts a program", run)
};

fn run(scene: &Scene) -> io::Result<()> {
    let path = sys::path(PROGRAM)?;
    let status = scene.window(|| {
        child::run(|| {
            let arguments = [path.as_ptr(), c"execmem/hello".as_ptr(), std::ptr::null()];
            // SAFETY: all texts end in NUL, the list of arguments in a null pointer.
            check(unsafe { libc::execv(path.as_ptr(), arguments.as_ptr()) }).map(drop)
        })
    })?;
    child::result(status)
}

/// The program: says that it runs.
pub(super) fn hello(_: &[String]) -> i32 {
    match crate::shared() {
        Ok(shared) => {
            shared.values[0].store(text::ANSWER, Ordering::SeqCst);
            0
        }
        Err(error) => errno_of(&error),
    }
}
