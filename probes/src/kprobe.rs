//! `kprobe`: BPF programs at the entry of a kernel function; one that refuses is at
//! the entry of a system call, where the kernel lets it.

use hookbench_model::DenyScope;

#[cfg(feature = "attach")]
use crate::attach::{Attached, Error, Request, bpf};
use crate::info::LOADER_AND_PROGRAMS;
use crate::info::{BPF_CONFIG, POLICY};
use crate::{Mechanism, MechanismInfo, Requires, SinkInfo, Watches};

/// See the module.
pub(crate) struct Kprobe;

const REQUIRES: Requires = Requires::config(BPF_CONFIG);

const OVERRIDE_CONFIG: &[&str] = &[
    "CONFIG_BPF_SYSCALL",
    "CONFIG_BPF_JIT",
    "CONFIG_DEBUG_INFO_BTF",
    "CONFIG_FUNCTION_ERROR_INJECTION",
    "CONFIG_BPF_KPROBE_OVERRIDE",
];

static INFO: MechanismInfo = MechanismInfo {
    name: "kprobe",
    sinks: &[
        SinkInfo::count(Watches::Function, REQUIRES).with(LOADER_AND_PROGRAMS),
        SinkInfo::ringbuf(Watches::Function, REQUIRES).by_either_loader(),
        SinkInfo::perfbuf(Watches::Function, REQUIRES).by_either_loader(),
        SinkInfo::new(
            "override",
            Watches::Syscalls,
            Requires { since: POLICY, ..Requires::config(OVERRIDE_CONFIG) },
            "a BPF program returns an error in a system call's stead, as the policy of the behaviour says",
        )
        .denying(DenyScope::Policy),
        SinkInfo::kill(Watches::Function, REQUIRES).by_either_loader(),
    ],
    about: "BPF programs at the entry of a kernel function, by kprobe",
};

impl Mechanism for Kprobe {
    fn info(&self) -> &'static MechanismInfo {
        &INFO
    }

    #[cfg(feature = "attach")]
    fn attach(&self, request: &Request) -> Result<Box<dyn Attached>, Error> {
        // Objects of their own: those that only watch shall not pay for the
        // kernel's BTF, which a policy needs.
        let object = match request.sink {
            "override" => return override_syscalls(request),
            "kill" => bpf::object!("kprobe-kill"),
            _ => bpf::object!("kprobe"),
        };
        bpf::each_behaviour(
            object,
            request,
            |_, _| Ok(()),
            |program, behaviour| program.attach_kprobe(false, behaviour.function),
        )
    }
}

#[cfg(feature = "attach")]
fn override_syscalls(request: &Request) -> Result<Box<dyn Attached>, Error> {
    bpf::each_behaviour_often(
        bpf::object!("kprobe-override"),
        request,
        |_, _| Ok(()),
        |program, behaviour| {
            let syscalls = behaviour.syscalls.iter();
            syscalls.map(|syscall| program.attach_ksyscall(false, syscall.name)).collect()
        },
    )
}
