//! `connect`: lmbench's `lat_connect` and `lat_unix_connect`. One operation makes a stream socket, connects it and closes
//! it, all in one timed section: socket, connect and close.
//!
//! With `to=tcp` and `to=unix` the worker itself listens, at 127.0.0.1 or at a path. It accepts the connection and
//! closes its end after each operation, untimed, by a reset: otherwise the kernel would remember the connections, more with
//! each operation. With `to=refused` a socket has the port and does not listen, so connect has to fail with
//! ECONNREFUSED. How a worker listens is in `peer.rs`.

use std::io;

use hookbench_model::param::{ParamInfo, Values};
use hookbench_model::policy::Policy;
use hookbench_model::{Enforcement, Params};

use crate::arch::syscall_6;
use crate::{Denial, Effect, Info, Operation, Operations, Stopwatch, Timed, Way, WayFacts, Workload};
use peer::Peer;

mod loopback;
mod peer;

/// See the module.
pub(crate) struct Connect;

static INFO: Info = Info {
    name: "connect",
    behaviour: "connect",
    params: &[ParamInfo {
        name: "to",
        values: Values::Words(&["tcp", "unix", "refused"]),
        usual: &["tcp", "unix", "refused"],
        about: "what it connects to: a TCP port of this machine, a Unix socket, or a TCP port at which nobody listens",
    }],
    samples: 100,
    warmup: 20,
    about: "a stream socket, its connection within the machine, and its close",
};

/// The system calls of one operation.
const CALLS: u64 = 3;

impl Workload for Connect {
    fn info(&self) -> &Info {
        &INFO
    }

    fn ways(&self) -> &[&dyn Way] {
        &[&Stream]
    }

    fn denial(&self, _: &Params, enforcement: Enforcement) -> Option<Denial> {
        Denial::by(Policy::AfterCalls, 1, enforcement)
    }

    fn unable(&self, params: &Params, enforcement: Enforcement) -> Option<&'static str> {
        Denial::ends_worker(self.denial(params, enforcement))
    }
}

struct Stream;

impl Way for Stream {
    fn facts(&self) -> WayFacts {
        let calls = &[libc::SYS_socket as u32, libc::SYS_connect as u32, libc::SYS_close as u32];
        WayFacts { calls, ..WayFacts::new("stream") }
    }

    fn prepare(&self, params: &Params, _: Enforcement) -> io::Result<Box<dyn Operation>> {
        let peer = match params.get("to") {
            Some("unix") => Peer::at_path()?,
            Some("refused") => Peer::absent()?,
            _ => Peer::at_port()?,
        };
        Ok(Box::new(Connecting { peer, is_connected: false, right: 0 }))
    }

    fn effect(&self, _: &Params, operations: Operations) -> Effect {
        Effect::Returned(CALLS * operations.passed)
    }
}

struct Connecting {
    peer: Peer,
    /// Whether the last operation connected.
    is_connected: bool,
    /// How many system calls returned what they have to.
    right: u64,
}

/// What the system calls of one operation returned.
struct Returned {
    elapsed: u64,
    socket: i64,
    connected: i64,
    closed: i64,
}

/// Makes the system calls.
fn connect(peer: &Peer) -> Returned {
    let (domain, address, length) = (peer.domain(), peer.address(), peer.length());
    let stopwatch = Stopwatch::start();
    // SAFETY: the kernel reads the address, which is of this length; the descriptor that is closed is the one that was
    // made here.
    let (socket, connected, closed) = unsafe {
        match syscall_6(libc::SYS_socket, [domain, libc::SOCK_STREAM.into(), 0, 0, 0, 0]) {
            socket @ 0.. => {
                let connected = syscall_6(libc::SYS_connect, [socket, address, length, 0, 0, 0]);
                (socket, connected, syscall_6(libc::SYS_close, [socket, 0, 0, 0, 0, 0]))
            }
            error => (error, 0, 0),
        }
    };
    Returned { elapsed: stopwatch.elapsed(), socket, connected, closed }
}

impl Operation for Connecting {
    fn run_once(&mut self) -> io::Result<Timed> {
        let Returned { elapsed, socket, connected, closed } = connect(&self.peer);
        self.is_connected = socket >= 0 && connected == 0;
        let owed = self.peer.owed();
        let result = match socket {
            0.. if connected == owed => closed,
            // A connection that should have been refused.
            0.. if connected == 0 => -i64::from(libc::EISCONN),
            0.. => connected,
            error => error,
        };
        if result == 0 {
            self.right += CALLS;
        }
        Ok(Timed::of(elapsed, result))
    }

    fn settle(&mut self) -> io::Result<()> {
        if std::mem::take(&mut self.is_connected) { self.peer.accept_and_reset() } else { Ok(()) }
    }

    fn effect(&mut self) -> io::Result<Effect> {
        Ok(Effect::Returned(self.right))
    }
}
