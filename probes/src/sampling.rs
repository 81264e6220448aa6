//! `sampling`: a BPF program at the ticks of a timer, which sees what it happens to
//! interrupt. GhostHook runs code at the overflows of a hardware counter; a software
//! clock does without the hardware. What it misses is what one measures.

#[cfg(feature = "attach")]
use crate::attach::{Attached, Error, Request, timer};
use crate::{Mechanism, MechanismInfo, Requires, SinkInfo, Watches};

/// See the module.
pub(crate) struct Sampling;

const REQUIRES: Requires = Requires::config(&[
    "CONFIG_BPF_SYSCALL",
    "CONFIG_BPF_JIT",
    "CONFIG_DEBUG_INFO_BTF",
    "CONFIG_PERF_EVENTS",
    "CONFIG_BPF_EVENTS",
    "CONFIG_HIGH_RES_TIMERS",
]);

const fn at(name: &'static str, about: &'static str) -> SinkInfo {
    SinkInfo::new(name, Watches::Syscalls, REQUIRES, about).sampling()
}

static INFO: MechanismInfo = MechanismInfo {
    name: "sampling",
    sinks: &[
        at("timer-1khz", "a BPF program looks 1,000 times a second at what runs, and counts what it catches"),
        at(
            "timer-10khz",
            "a BPF program looks 10,000 times a second at what runs, and counts what it catches",
        ),
        at(
            "timer-50khz",
            "a BPF program looks 50,000 times a second at what runs, and counts what it catches",
        ),
        at(
            "timer-100khz",
            "a BPF program looks 100,000 times a second at what runs, and counts what it catches",
        ),
    ],
    about: "a BPF program at the ticks of a perf event's software clock",
};

impl Mechanism for Sampling {
    fn info(&self) -> &'static MechanismInfo {
        &INFO
    }

    #[cfg(feature = "attach")]
    fn attach(&self, request: &Request) -> Result<Box<dyn Attached>, Error> {
        let rate = match request.sink {
            "timer-1khz" => 1_000,
            "timer-10khz" => 10_000,
            "timer-50khz" => 50_000,
            _ => 100_000,
        };
        timer::attach(request, rate)
    }
}
