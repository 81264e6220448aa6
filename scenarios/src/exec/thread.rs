//! `execve` by a thread that is not the first of its process.

use std::io;
use std::thread;

use super::scene_files::VULNERABLE;
use crate::scenario::Way;

pub(super) const WAY: Way = Way::ordinary("thread", "execve by a second thread", |scene| {
    thread::scope(|scope| scope.spawn(|| super::execute(scene, VULNERABLE)).join())
        .unwrap_or_else(|_| Err(io::Error::from_raw_os_error(libc::ECHILD)))
});
