//! An answer to someone who called.

use std::io::{self, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::os::fd::AsRawFd;

use super::{HELLO, broker, worked};
use crate::scenario::{Kind, Way};
use crate::scene::Scene;

pub(super) const WAY: Way = Way {
    kind: Kind::Allowed,
    has_effect: Some(worked),
    ..Way::ordinary("answer", "send through a connection that it accepted", run)
};

fn run(scene: &Scene) -> io::Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, broker::CALLED))?;
    broker::ask_for_call()?;
    broker::wait_for(listener.as_raw_fd())?;
    scene.window(|| listener.accept()?.0.write_all(HELLO))?;
    broker::wait_until_read()
}
