//! `sampling`: a BPF program at the ticks of a timer, which sees what it happens to
//! interrupt. GhostHook runs code at the overflows of a hardware counter; a software
//! clock needs no such hardware. The share of events that it misses is what it measures.

#[cfg(feature = "attach")]
use crate::attach::{AttachRequest, Attached, Error, timer};
use crate::mechanism::mechanism;
use crate::{BpfHook, MechanismInfo, Requires, SinkInfo, Watches};

mechanism!(Sampling, INFO, attach);

const REQUIRES: Requires = Requires::config(&[
    "CONFIG_BPF_SYSCALL",
    "CONFIG_BPF_JIT",
    "CONFIG_DEBUG_INFO_BTF",
    "CONFIG_PERF_EVENTS",
    "CONFIG_BPF_EVENTS",
    "CONFIG_HIGH_RES_TIMERS",
]);

const fn timer_sink(name: &'static str, about: &'static str) -> SinkInfo {
    SinkInfo::new(name, Watches::Syscalls, REQUIRES, about).sampling().at(BpfHook::PerfEvent)
}

static INFO: MechanismInfo = MechanismInfo::new(
    "sampling",
    &[
        timer_sink(
            "timer-1khz",
            "a BPF program looks 1,000 times a second at what runs, and counts what it catches",
        ),
        timer_sink(
            "timer-10khz",
            "a BPF program looks 10,000 times a second at what runs, and counts what it catches",
        ),
        timer_sink(
            "timer-50khz",
            "a BPF program looks 50,000 times a second at what runs, and counts what it catches",
        ),
        timer_sink(
            "timer-100khz",
            "a BPF program looks 100,000 times a second at what runs, and counts what it catches",
        ),
    ],
    "a BPF program at the ticks of a perf event's software clock",
);

#[cfg(feature = "attach")]
fn attach(request: &AttachRequest) -> Result<Box<dyn Attached>, Error> {
    let rate = match request.sink {
        "timer-1khz" => 1_000,
        "timer-10khz" => 10_000,
        "timer-50khz" => 50_000,
        _ => 100_000,
    };
    timer::attach(request, rate)
}
