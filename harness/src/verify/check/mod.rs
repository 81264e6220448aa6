//! Checks a guest's answer against its cell. A well-formed answer may still be false.
//! The check only compares values; it does not know how the answer arrived.

mod events;
mod refusals;

use hookbench_model::protocol::CellSpec;
use hookbench_model::{Loading, Measured};
use hookbench_probes::Monitor;

/// More cycles per second than any hardware counter makes.
const HARDWARE_RATE: u64 = 10_000_000_000;

/// What can be true of the answers of one target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TargetRules {
    /// The highest number of clock units per second of the guest's time.
    rate: u64,
    /// Whether other processes share the machine and cause events too.
    shared: bool,
}

impl TargetRules {
    /// The exact clock counts a fixed number of instructions per second.
    pub(crate) const TCG: TargetRules = TargetRules { rate: 1_000_000_000, shared: false };
    /// Guests under KVM.
    pub(crate) const KVM: TargetRules = TargetRules { rate: HARDWARE_RATE, shared: false };
    /// This machine.
    pub(crate) const HOST: TargetRules = TargetRules { rate: HARDWARE_RATE, shared: true };
}

/// Checks whether `measured` can be the answer to `spec`.
///
/// # Errors
/// A description of what is wrong with it.
pub(crate) fn check(
    spec: &CellSpec,
    monitor: Monitor,
    rules: TargetRules,
    measured: &Measured,
) -> Result<(), String> {
    let found = hookbench_workloads::for_cell(spec)
        .ok_or_else(|| format!("numbers of {}, which is not a workload", spec.workload))?;
    let workload = &*found;
    check_samples(spec, rules.rate, &measured.samples)?;
    if measured.calibration == 0 {
        return Err("an empty timed section with a cost of zero".into());
    }
    refusals::check(spec, monitor, workload, measured.refused.as_ref())?;
    match (&measured.events, monitor.sees(&spec.tuning)) {
        (Some(found), true) => events::check(spec, monitor, workload, found, rules.shared)?,
        (None, true) => return Err(format!("no events, although {} sees them", spec.monitor)),
        (Some(_), false) => return Err(format!("events, although {} does not see any", spec.monitor)),
        (None, false) => {}
    }
    check_attaching(spec, measured)?;
    check_loading(measured)
}

/// Checks that a monitor has the costs of attaching, and `none` has not. A custom monitor may
/// have none: hookbench's own work may be in them.
fn check_attaching(spec: &CellSpec, measured: &Measured) -> Result<(), String> {
    for (what, is) in [("cost", measured.attach_cost.is_some()), ("memory", measured.memory_bytes.is_some())]
    {
        match (is, spec.monitor.is_none()) {
            (false, false) if spec.monitor.custom().is_none() => {
                return Err(format!("no {what} of attaching {}", spec.monitor));
            }
            (true, true) => return Err(format!("a {what} of attaching, although nothing was attached")),
            _ => {}
        }
    }
    Ok(())
}

/// Checks that the steps of loading cost at most as much as attaching in all.
fn check_loading(measured: &Measured) -> Result<(), String> {
    let Some(Loading { open, load, verify, attach, .. }) = measured.loading else { return Ok(()) };
    let steps: u128 = [open, load, verify, attach].into_iter().map(u128::from).sum();
    match measured.attach_cost {
        Some(whole) if steps <= u128::from(whole) => Ok(()),
        whole => Err(format!("steps of loading that cost {steps} in all, but attaching {whole:?}")),
    }
}

/// Checks the number of samples, and that they fit into the cell's time limit.
fn check_samples(spec: &CellSpec, rate: u64, samples: &[u64]) -> Result<(), String> {
    if samples.len() != spec.samples as usize {
        return Err(format!("{} samples instead of {}", samples.len(), spec.samples));
    }
    if samples.contains(&0) {
        return Err("an operation with a cost of zero".into());
    }
    let all: u128 = samples.iter().map(|&sample| u128::from(sample)).sum();
    if all > u128::from(spec.budget) * u128::from(rate) {
        return Err(format!("operations that took more than the cell's limit of {} s", spec.budget));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::refusals::{expected_events, operations_before_denial};
    use super::*;
    use hookbench_model::measurement::{Happened, Refused};
    use hookbench_model::{Events, Schedule};
    use proptest::prelude::*;

    /// A cell, and a true answer to it.
    fn asked(workload: &str, params: &str, monitor: &str, schedule: Schedule) -> (CellSpec, Measured) {
        let spec = CellSpec {
            workload: workload.into(),
            params: params.parse().unwrap(),
            monitor: monitor.parse().unwrap(),
            tuning: Default::default(),
            schedule,
            samples: 3,
            warmup: 2,
            budget: 30,
            work: None,
            fault: None,
        };
        let (found, watched) = (probe(&spec), monitor != "none");
        let workload = hookbench_workloads::find(workload).unwrap();
        let owed = operations_before_denial(&spec, found, workload);
        let made = expected_events(&spec, found, workload, owed.unwrap_or(0).max(2));
        let behaviour = workload.info().behaviour.to_string();
        let events =
            Events { behaviour, expected: made, seen: made, lost: 0, looks: found.sink.samples.then_some(9) };
        let measured = Measured {
            samples: vec![300; 3],
            calibration: 5,
            events: found.sink.sees().then_some(events),
            refused: owed.map(|_| {
                let of = expected_events(&spec, found, workload, 0);
                let happened = found.sink.kills_all().then_some(Happened { events: of, of });
                Refused { operations: 3, errno: "EPERM".into(), happened }
            }),
            attach_cost: watched.then_some(9),
            loading: None,
            memory_bytes: watched.then_some(-4096),
            notes: Vec::new(),
            ..Measured::default()
        };
        (spec, measured)
    }

    fn probe(spec: &CellSpec) -> Monitor {
        hookbench_probes::find(&spec.monitor).unwrap()
    }

    fn ringbuf(schedule: Schedule) -> (CellSpec, Measured) {
        asked("mprotect-storm", "to=r", "bpf-lsm+ringbuf", schedule)
    }

    /// The result of the check after `change` has modified the answer.
    fn refusal(mut of: (CellSpec, Measured), change: impl FnOnce(&mut Measured)) -> String {
        change(&mut of.1);
        check(&of.0, probe(&of.0), TargetRules::TCG, &of.1).err().unwrap_or_default()
    }

    #[test]
    fn true_answers_are_accepted() {
        for (workload, params) in
            [("mprotect-storm", "to=rw"), ("unshare-burst", "as=user"), ("null-syscall", "")]
        {
            for monitor in
                ["none", "audit+off", "kprobe+count", "bpf-lsm+deny", "kprobe+kill", "sampling+timer-1khz"]
            {
                for schedule in Schedule::ALL {
                    assert_eq!(
                        refusal(asked(workload, params, monitor, schedule), |_| ()),
                        "",
                        "{workload} {monitor}"
                    );
                }
            }
        }
    }

    #[test]
    fn each_false_answer_is_refused_with_its_reason() {
        let paced = || ringbuf(Schedule::Paced);
        let none = || asked("mprotect-storm", "to=r", "none", Schedule::Paced);
        let refusals = [
            (refusal(paced(), |m| m.samples.truncate(2)), "2 samples instead of 3"),
            (refusal(paced(), |m| m.samples[1] = 0), "an operation with a cost of zero"),
            (refusal(paced(), |m| m.samples[1] = u64::MAX), "limit of 30 s"),
            (refusal(paced(), |m| m.calibration = 0), "empty timed section"),
            (refusal(paced(), |m| m.events = None), "no events, although bpf-lsm+ringbuf sees"),
            (
                refusal(paced(), |m| m.events.as_mut().unwrap().seen -= 1),
                "numbers, although 9 events were seen and 0 lost instead of 10",
            ),
            (refusal(paced(), |m| m.events.as_mut().unwrap().expected -= 1), "instead of"),
            (
                refusal(paced(), |m| m.events.as_mut().unwrap().behaviour = "exec".into()),
                "instead of mprotect",
            ),
            (refusal(paced(), |m| m.attach_cost = None), "no cost of attaching"),
            (refusal(paced(), |m| m.memory_bytes = None), "no memory of attaching"),
            (refusal(none(), |m| m.attach_cost = Some(1)), "nothing was attached"),
            (
                refusal(paced(), |m| m.loading = Some(Loading { load: 10, ..Default::default() })),
                "steps of loading",
            ),
            (refusal(none(), |m| m.events = paced().1.events), "none does not see any"),
        ];
        for (refusal, part) in refusals {
            assert!(refusal.contains(part), "{refusal:?} has no {part:?}");
        }
    }

    #[test]
    fn lost_events_count_as_seen_only_in_a_burst() {
        let lose = |m: &mut Measured| {
            let events = m.events.as_mut().unwrap();
            (events.seen, events.lost) = (events.seen - 1, 1);
        };
        assert_eq!(refusal(ringbuf(Schedule::Burst), lose), "");
        assert!(refusal(ringbuf(Schedule::Paced), lose).contains("1 lost"));
        let overflow = |m: &mut Measured| m.events.as_mut().unwrap().lost = u64::MAX;
        assert!(refusal(ringbuf(Schedule::Burst), overflow).contains("numbers, although"));
    }

    #[test]
    fn a_monitor_refuses_all_operations_or_none() {
        let deny = || asked("mprotect-storm", "to=rw", "bpf-lsm+deny", Schedule::Paced);
        let refuse = |operations| {
            move |m: &mut Measured| {
                m.refused = Some(Refused { operations, errno: "EPERM".into(), happened: None });
            }
        };
        assert!(refusal(deny(), refuse(4)).contains("4 refused operations instead of 3 of 3"));
        assert!(refusal(deny(), |m| m.refused = None).contains("0 refused operations instead of 3"));
        assert!(refusal(ringbuf(Schedule::Paced), refuse(3)).contains("3 refused operations instead of 0"));
    }

    #[test]
    fn a_placebo_sees_and_refuses_nothing() {
        let placebo = |monitor| {
            let (mut spec, measured) = asked("mprotect-storm", "to=rw", monitor, Schedule::Paced);
            spec.tuning = "placebo=yes".parse().unwrap();
            (spec, measured)
        };
        let quiet = |m: &mut Measured| (m.events, m.refused) = (None, None);
        for monitor in ["bpf-lsm+count", "bpf-lsm+deny", "kprobe+kill", "sampling+timer-1khz"] {
            assert_eq!(refusal(placebo(monitor), quiet), "", "{monitor}");
            let events = refusal(placebo(monitor), |m| m.refused = None);
            assert!(events.contains("does not see any"), "{monitor}: {events}");
        }
        let refused = refusal(placebo("bpf-lsm+deny"), |m| m.events = None);
        assert!(refused.contains("3 refused operations instead of 0"), "{refused}");
        assert!(
            refusal(placebo("bpf-lsm+count"), |m| {
                quiet(m);
                m.attach_cost = None
            })
            .contains("no cost")
        );
    }

    #[test]
    fn a_sampling_monitor_may_miss_events_but_must_take_samples() {
        let sample = || asked("mprotect-storm", "to=r", "sampling+timer-1khz", Schedule::Paced);
        let set = |seen, looks| {
            move |m: &mut Measured| {
                let events = m.events.as_mut().unwrap();
                (events.seen, events.looks) = (seen, looks);
            }
        };
        assert_eq!(refusal(sample(), set(0, Some(1))), "");
        assert!(refusal(sample(), set(0, Some(0))).contains("never took a sample"));
        assert!(refusal(sample(), set(10, None)).contains("no number of samples"));
        assert!(refusal(sample(), set(11, Some(1))).contains("11 events were seen"));
        assert!(refusal(ringbuf(Schedule::Paced), set(10, Some(1))).contains("which does not sample"));
    }

    #[test]
    fn a_killing_monitor_counts_the_events_that_happened_before_the_kill() {
        let kill = || asked("mprotect-storm", "to=rw", "bpf-lsm+kill", Schedule::Paced);
        let late = |events, of| {
            move |m: &mut Measured| m.refused.as_mut().unwrap().happened = Some(Happened { events, of })
        };
        assert_eq!(refusal(kill(), late(0, 6)), "");
        assert!(refusal(kill(), late(7, 6)).contains("7 of 6 events"));
        assert!(refusal(kill(), late(3, 3)).contains("3 of 3 events"));
        assert!(
            refusal(kill(), |m| m.refused.as_mut().unwrap().happened = None).contains("no count of events")
        );
        let deny = || asked("mprotect-storm", "to=rw", "bpf-lsm+deny", Schedule::Paced);
        assert!(refusal(deny(), late(6, 6)).contains("6 of 6 events"));
    }

    #[test]
    fn other_processes_cause_more_events_and_hardware_counts_faster() {
        let (spec, mut measured) = asked("mprotect-storm", "to=r", "bpf-lsm+count", Schedule::Paced);
        let is_valid = |rules, measured: &Measured| check(&spec, probe(&spec), rules, measured).is_ok();
        measured.events.as_mut().unwrap().seen += 1;
        assert!(is_valid(TargetRules::HOST, &measured));
        assert!(!is_valid(TargetRules::KVM, &measured) && !is_valid(TargetRules::TCG, &measured));
        measured.events.as_mut().unwrap().seen -= 1;
        // Of the 30 s that the cell may take, the exact clock counts 3e10 instructions.
        measured.samples = vec![5_000_000_000, 1, 30_000_000_000];
        assert!(is_valid(TargetRules::HOST, &measured) && is_valid(TargetRules::KVM, &measured));
        assert!(!is_valid(TargetRules::TCG, &measured));
    }

    proptest! {
        #[test]
        fn any_answer_is_checked_without_panic(
            samples: Vec<u64>,
            numbers: [u64; 4],
            refused: Option<u64>,
            attached: (Option<u64>, Option<i64>),
            monitor in prop::sample::select(vec!["none", "audit+idle", "bpf-lsm+deny", "fentry+count"]),
            schedule in prop::sample::select(&Schedule::ALL[..]),
            (asked_for, warmup) in any::<(u32, u32)>(),
        ) {
            let (spec, _) = asked("mprotect-storm", "to=r", monitor, schedule);
            let spec = CellSpec { samples: asked_for, warmup, ..spec };
            let [calibration, expected, seen, lost] = numbers;
            let measured = Measured {
                samples,
                calibration,
                events: Some(Events { behaviour: "mprotect".into(), expected, seen, lost, looks: None }),
                refused: refused.map(|operations| Refused { operations, errno: String::new(), happened: None }),
                attach_cost: attached.0,
                loading: None,
                memory_bytes: attached.1,
                notes: Vec::new(),
                ..Measured::default()
            };
            // Random values never form a true answer.
            prop_assert!(check(&spec, probe(&spec), TargetRules::TCG, &measured).is_err());
        }
    }
}
