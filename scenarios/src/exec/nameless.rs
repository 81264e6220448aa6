//! A copy in a file that never had a name: another file for a policy that knows the file by its inode.

use std::fs::{self, File, OpenOptions};
use std::io::Write;
use std::os::fd::AsRawFd;
use std::os::unix::fs::OpenOptionsExt;

use super::scene_files::VULNERABLE;
use crate::scenario::Way;

pub(super) const WAY: Way =
    Way::ordinary("nameless", "execve of a copy in a file without a name (O_TMPFILE)", |scene| {
        let mut writer =
            OpenOptions::new().write(true).mode(0o755).custom_flags(libc::O_TMPFILE).open(&scene.folder)?;
        writer.write_all(&fs::read(VULNERABLE)?)?;
        let reader = File::open(format!("/proc/self/fd/{}", writer.as_raw_fd()))?;
        // The kernel does not execute a file that is open for writing.
        drop(writer);
        super::execute(scene, &format!("/proc/self/fd/{}", reader.as_raw_fd()))
    });
