//! A Unix socket, which stays on this machine.

use std::fs;
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::atomic::Ordering;

use super::worked;
use crate::scenario::{Kind, Way};

pub(super) const WAY: Way = Way {
    kind: Kind::Allowed,
    has_effect: Some(worked),
    ..Way::ordinary("unix", "connect to a Unix socket", |scene| {
        let path = scene.path("unix");
        let _listener = UnixListener::bind(&path)?;
        let connected = scene.window(|| UnixStream::connect(&path));
        fs::remove_file(&path)?;
        connected?;
        scene.shared.values[0].store(1, Ordering::SeqCst);
        Ok(())
    })
};
