//! `tracepoint`: a BPF program at the tracepoint of each watched system call.

#[cfg(feature = "attach")]
use crate::attach::{Attached, Error, Request, bpf};
use crate::info::BPF_CONFIG;
use crate::{Mechanism, MechanismInfo, Requires, SinkInfo, Watches};

/// See the module.
pub(crate) struct Tracepoint;

const REQUIRES: Requires = Requires::config(BPF_CONFIG);

static INFO: MechanismInfo = MechanismInfo {
    name: "tracepoint",
    sinks: &[
        SinkInfo::count(Watches::Syscalls, REQUIRES).by_either_loader(),
        SinkInfo::ringbuf(Watches::Syscalls, REQUIRES).by_either_loader(),
        SinkInfo::perfbuf(Watches::Syscalls, REQUIRES).by_either_loader(),
    ],
    about: "BPF programs at the tracepoints syscalls:sys_enter_NAME",
};

impl Mechanism for Tracepoint {
    fn info(&self) -> &'static MechanismInfo {
        &INFO
    }

    #[cfg(feature = "attach")]
    fn attach(&self, request: &Request) -> Result<Box<dyn Attached>, Error> {
        bpf::one_program(bpf::object!("tracepoint"), request, |program, behaviours| {
            let syscalls = behaviours.iter().flat_map(|behaviour| behaviour.syscalls);
            syscalls
                .map(|syscall| {
                    let event = format!("sys_enter_{}", syscall.name);
                    program.attach_tracepoint(libbpf_rs::TracepointCategory::Syscalls, event)
                })
                .collect()
        })
    }
}
