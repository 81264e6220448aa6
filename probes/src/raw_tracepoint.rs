//! `raw-tracepoint`: a BPF program at every system call, which picks out the watched.

#[cfg(feature = "attach")]
use crate::attach::{Attached, Error, Request, bpf};
use crate::info::BPF_CONFIG;
use crate::{Mechanism, MechanismInfo, Requires, SinkInfo, Watches};

/// See the module.
pub(crate) struct RawTracepoint;

const REQUIRES: Requires = Requires::config(BPF_CONFIG);

static INFO: MechanismInfo = MechanismInfo {
    name: "raw-tracepoint",
    sinks: &[
        SinkInfo::count(Watches::Syscalls, REQUIRES).by_either_loader(),
        SinkInfo::ringbuf(Watches::Syscalls, REQUIRES).by_either_loader(),
    ],
    about: "a BPF program at the raw tracepoint sys_enter, at every system call",
};

impl Mechanism for RawTracepoint {
    fn info(&self) -> &'static MechanismInfo {
        &INFO
    }

    #[cfg(feature = "attach")]
    fn attach(&self, request: &Request) -> Result<Box<dyn Attached>, Error> {
        bpf::one_program(bpf::object!("raw-tracepoint"), request, |program, _| {
            Ok(vec![program.attach_raw_tracepoint("sys_enter")?])
        })
    }
}
