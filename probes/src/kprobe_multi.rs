//! `kprobe-multi`: one BPF program at the entry of all watched functions at once,
//! by fprobe. A cookie tells the program at which of them it runs.

use hookbench_model::KernelVersion;
#[cfg(feature = "attach")]
use libbpf_rs::KprobeMultiOpts;

#[cfg(feature = "attach")]
use crate::attach::{Attached, Error, Request, bpf};
use crate::{Mechanism, MechanismInfo, Requires, SinkInfo, Watches};

/// See the module.
pub(crate) struct KprobeMulti;

const REQUIRES: Requires = Requires {
    since: KernelVersion::new(5, 18),
    ..Requires::config(&[
        "CONFIG_BPF_SYSCALL",
        "CONFIG_BPF_JIT",
        "CONFIG_DEBUG_INFO_BTF",
        "CONFIG_BPF_EVENTS",
        "CONFIG_FPROBE",
    ])
};

static INFO: MechanismInfo = MechanismInfo {
    name: "kprobe-multi",
    sinks: &[SinkInfo::count(Watches::Function, REQUIRES), SinkInfo::ringbuf(Watches::Function, REQUIRES)],
    about: "one BPF program at the entry of several kernel functions, by fprobe",
};

impl Mechanism for KprobeMulti {
    fn info(&self) -> &'static MechanismInfo {
        &INFO
    }

    #[cfg(feature = "attach")]
    fn attach(&self, request: &Request) -> Result<Box<dyn Attached>, Error> {
        bpf::one_program(bpf::object!("kprobe-multi"), request, |program, behaviours| {
            let opts = KprobeMultiOpts {
                symbols: behaviours.iter().map(|row| row.function.into()).collect(),
                cookies: behaviours.iter().map(|row| row.index() as u64).collect(),
                ..KprobeMultiOpts::default()
            };
            Ok(vec![program.attach_kprobe_multi_with_opts(opts)?])
        })
    }
}
