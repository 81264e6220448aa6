//! Where and how a run measures: the target, with its options resolved.

use std::time::{Duration, SystemTime};

use hookbench_analysis::gate::Pattern;
use hookbench_model::protocol::Fault;
use hookbench_model::{Clock, History, Target};

use super::args::Args;
use crate::session::hardware::HardwareOptions;

/// A target with its options.
pub(in crate::cmd) enum Execution {
    /// Guests under TCG, with the exact clock.
    Exact(ExactSettings),
    /// Guests under KVM, with hardware clocks.
    Kvm(HardwareOptions),
    /// This machine itself, with hardware clocks.
    Host(HardwareOptions),
}

/// The options of a run with the exact clock.
#[derive(Debug, Clone)]
pub(in crate::cmd) struct ExactSettings {
    /// The number of guests that run at once.
    pub(super) jobs: usize,
    /// How guests reach the start of their cells; `None` for what is fastest.
    pub(super) guests: Option<History>,
    /// Whether costs are divided into the hook and its side effects.
    pub(super) attribution: bool,
    /// The cells whose explanation the run keeps.
    pub(super) keep_stacks: Vec<Pattern>,
    /// Whether the guest's console goes to standard error.
    pub(super) console: bool,
    /// The time limit of a cell, in real time.
    pub(super) budget: Duration,
    /// The fault that the guest commits; for tests.
    pub(super) fault: Option<Fault>,
}

impl Execution {
    /// The options in `args` for `target`, with their defaults.
    pub(super) fn from_args(args: &Args, target: Target) -> Execution {
        match target {
            Target::Tcg => Execution::Exact(ExactSettings {
                jobs: args.jobs.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, Into::into)),
                guests: args.guests,
                attribution: !args.no_attribution,
                keep_stacks: args.keep_stacks.clone(),
                console: args.console,
                budget: Duration::from_secs(args.timeout),
                fault: args.fault,
            }),
            Target::Kvm => Execution::Kvm(hardware_options(args)),
            Target::Host => Execution::Host(hardware_options(args)),
        }
    }

    /// Whether an interrupted run can be resumed. A run in rounds cannot.
    pub(super) fn can_resume(&self) -> bool {
        matches!(self, Execution::Exact(_))
    }

    /// Whether guests write their consoles to standard error.
    pub(super) fn shows_console(&self) -> bool {
        matches!(self, Execution::Exact(settings) if settings.console)
    }
}

fn hardware_options(args: &Args) -> HardwareOptions {
    // Without --seed every run has a different order. The run records the seed.
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
    HardwareOptions {
        clocks: if args.clock.is_empty() { vec![Clock::Tsc] } else { args.clock.clone() },
        rounds: args.rounds.unwrap_or(5),
        seed: args.seed.unwrap_or(now.as_nanos() as u64 & u64::from(u32::MAX)),
        budget: Duration::from_secs(args.timeout),
    }
}
