//! What a guest measured, compared with what it was asked: an answer that is a
//! whole message may still not be true. Pure: how it came here is not known here.

use hookbench_model::measurement::{Happened, Refused};
use hookbench_model::protocol::CellSpec;
use hookbench_model::{Events, Loading, Measured, Schedule, Target};
use hookbench_probes::Monitor;
use hookbench_workloads::Workload;

/// The exact clock counts so many instructions in a second of the guest's time; no
/// time-stamp counter of hardware is faster than the other.
const fn rate(target: Target) -> u128 {
    match target {
        Target::Tcg => 1_000_000_000,
        Target::Kvm | Target::Host => 10_000_000_000,
    }
}

/// Whether `measured` can be the answer to `spec`.
///
/// # Errors
/// What is wrong with it, in words.
pub(crate) fn check(
    spec: &CellSpec,
    monitor: Monitor,
    target: Target,
    measured: &Measured,
) -> Result<(), String> {
    let found = hookbench_workloads::of(spec)
        .ok_or_else(|| format!("numbers of {}, which is no workload", spec.workload))?;
    let workload = &*found;
    samples(spec, target, &measured.samples)?;
    if measured.calibration == 0 {
        return Err("an empty timed section that costs nothing".into());
    }
    refused(spec, monitor, workload, measured.refused.as_ref())?;
    match (&measured.events, monitor.sink.sees()) {
        (Some(found), true) => events(spec, monitor, workload, (found, target == Target::Host))?,
        (None, true) => return Err(format!("no events, although {} sees them", spec.monitor)),
        (Some(_), false) => return Err(format!("events, although {} sees none", spec.monitor)),
        (None, false) => {}
    }
    for (what, is) in [("cost", measured.attach_cost.is_some()), ("memory", measured.memory_bytes.is_some())]
    {
        match (is, spec.monitor.is_none()) {
            (false, false) => return Err(format!("no {what} of attaching {}", spec.monitor)),
            (true, true) => return Err(format!("a {what} of attaching, although nothing was attached")),
            _ => {}
        }
    }
    loading(measured)
}

/// The steps of loading are parts of the whole.
fn loading(measured: &Measured) -> Result<(), String> {
    let Some(Loading { open, load, verify, attach, .. }) = measured.loading else { return Ok(()) };
    let steps: u128 = [open, load, verify, attach].into_iter().map(u128::from).sum();
    match measured.attach_cost {
        Some(whole) if steps <= u128::from(whole) => Ok(()),
        whole => Err(format!("steps of loading that cost {steps}, and attaching {whole:?}")),
    }
}

fn samples(spec: &CellSpec, target: Target, samples: &[u64]) -> Result<(), String> {
    if samples.len() != spec.samples as usize {
        return Err(format!("{} samples instead of {}", samples.len(), spec.samples));
    }
    if samples.contains(&0) {
        return Err("an operation that costs nothing".into());
    }
    let all: u128 = samples.iter().map(|&sample| u128::from(sample)).sum();
    if all > u128::from(spec.budget) * rate(target) {
        return Err(format!("operations that took more than the {} s that the cell may", spec.budget));
    }
    Ok(())
}

/// Those that a denying monitor owes have to be refused, all others not.
fn refused(
    spec: &CellSpec,
    monitor: Monitor,
    workload: &dyn Workload,
    refused: Option<&Refused>,
) -> Result<(), String> {
    let owed = if owes(spec, monitor, workload).is_some() { u64::from(spec.samples) } else { 0 };
    match refused.map_or(0, |refused| refused.operations) {
        found if found == owed => {}
        found => return Err(format!("{found} refused operations instead of {owed} of {}", spec.samples)),
    }
    let asked = owed > 0 && monitor.sink.kills_all();
    let of = asked.then(|| workload.events(spec.samples.into()));
    match refused.and_then(|refused| refused.happened) {
        None if !asked => Ok(()),
        Some(happened) if Some(happened.of) == of && happened.events <= happened.of => Ok(()),
        Some(Happened { events, of }) => Err(format!("{events} of {of} events that came too late")),
        None => Err("nothing of whether the killing came too late".into()),
    }
}

/// After how many operations a denying monitor refuses.
fn owes(spec: &CellSpec, monitor: Monitor, workload: &dyn Workload) -> Option<u32> {
    let denial = workload.denial(&spec.params, monitor.sink.enforcement);
    denial.map(|denial| denial.after_operations)
}

/// All were seen; in a burst, seen or known to be lost. Where others make events as
/// well, more may have been seen.
fn events(
    spec: &CellSpec,
    monitor: Monitor,
    workload: &dyn Workload,
    (found, others): (&Events, bool),
) -> Result<(), String> {
    let behaviour = workload.info().behaviour;
    if found.behaviour != behaviour {
        let other: String = found.behaviour.chars().take(20).collect();
        return Err(format!("events of {other:?} instead of {behaviour}"));
    }
    let warmup = spec.warmup.max(owes(spec, monitor, workload).unwrap_or(0));
    let made = workload.events(u64::from(warmup) + u64::from(spec.samples));
    let Events { expected, seen, lost, looks, .. } = *found;
    match (looks, monitor.sink.samples) {
        (None, true) => return Err(format!("nothing of how often {} looked", spec.monitor)),
        (Some(0), true) => return Err(format!("{} never looked, and yet numbers", spec.monitor)),
        (Some(_), false) => return Err(format!("{} that looked now and then only", spec.monitor)),
        _ => {}
    }
    if expected != made {
        return Err(format!("{expected} expected {behaviour} events instead of {made}"));
    }
    let counted = if spec.schedule == Schedule::Burst { seen.checked_add(lost) } else { Some(seen) };
    let missed = monitor.sink.samples && counted.is_some_and(|counted| counted < made);
    let more = others && counted.is_some_and(|counted| counted > made);
    if missed || more || counted == Some(made) {
        return Ok(());
    }
    Err(format!("{seen} events seen and {lost} lost of {made}, and yet numbers"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// What is asked for, and an answer to it.
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
        let owed = owes(&spec, found, workload);
        let made = workload.events(u64::from(owed.unwrap_or(0).max(2)) + 3);
        let behaviour = workload.info().behaviour.to_string();
        let events =
            Events { behaviour, expected: made, seen: made, lost: 0, looks: found.sink.samples.then_some(9) };
        let measured = Measured {
            samples: vec![300; 3],
            calibration: 5,
            events: found.sink.sees().then_some(events),
            refused: owed.map(|_| {
                let of = workload.events(3);
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

    /// What is said of the answer once `change` has changed it.
    fn said(mut of: (CellSpec, Measured), change: impl FnOnce(&mut Measured)) -> String {
        change(&mut of.1);
        check(&of.0, probe(&of.0), Target::Tcg, &of.1).err().unwrap_or_default()
    }

    #[test]
    fn true_answers_are_believed() {
        for (workload, params) in
            [("mprotect-storm", "to=rw"), ("unshare-burst", "as=user"), ("null-syscall", "")]
        {
            for monitor in
                ["none", "audit+off", "kprobe+count", "bpf-lsm+deny", "kprobe+kill", "sampling+timer-1khz"]
            {
                for schedule in Schedule::ALL {
                    assert_eq!(
                        said(asked(workload, params, monitor, schedule), |_| ()),
                        "",
                        "{workload} {monitor}"
                    );
                }
            }
        }
    }

    #[test]
    fn lies_are_told_apart() {
        let paced = || ringbuf(Schedule::Paced);
        let none = || asked("mprotect-storm", "to=r", "none", Schedule::Paced);
        let told = [
            (said(paced(), |m| m.samples.truncate(2)), "2 samples instead of 3"),
            (said(paced(), |m| m.samples[1] = 0), "costs nothing"),
            (said(paced(), |m| m.samples[1] = u64::MAX), "more than the 30 s"),
            (said(paced(), |m| m.calibration = 0), "empty timed section"),
            (said(paced(), |m| m.events = None), "no events, although bpf-lsm+ringbuf sees"),
            (said(paced(), |m| m.events.as_mut().unwrap().seen -= 1), "and yet numbers"),
            (said(paced(), |m| m.events.as_mut().unwrap().expected -= 1), "instead of"),
            (said(paced(), |m| m.events.as_mut().unwrap().behaviour = "exec".into()), "instead of mprotect"),
            (said(paced(), |m| m.attach_cost = None), "no cost of attaching"),
            (said(paced(), |m| m.memory_bytes = None), "no memory of attaching"),
            (said(none(), |m| m.attach_cost = Some(1)), "nothing was attached"),
            (
                said(paced(), |m| m.loading = Some(Loading { load: 10, ..Default::default() })),
                "steps of loading",
            ),
            (said(none(), |m| m.events = paced().1.events), "none sees none"),
        ];
        for (said, part) in told {
            assert!(said.contains(part), "{said:?} has no {part:?}");
        }
    }

    #[test]
    fn what_a_burst_lost_counts_and_elsewhere_not() {
        let lose = |m: &mut Measured| {
            let events = m.events.as_mut().unwrap();
            (events.seen, events.lost) = (events.seen - 1, 1);
        };
        assert_eq!(said(ringbuf(Schedule::Burst), lose), "");
        assert!(said(ringbuf(Schedule::Paced), lose).contains("1 lost"));
        let overflow = |m: &mut Measured| m.events.as_mut().unwrap().lost = u64::MAX;
        assert!(said(ringbuf(Schedule::Burst), overflow).contains("and yet numbers"));
    }

    #[test]
    fn refusals_are_all_or_none() {
        let deny = || asked("mprotect-storm", "to=rw", "bpf-lsm+deny", Schedule::Paced);
        let refuse = |operations| {
            move |m: &mut Measured| {
                m.refused = Some(Refused { operations, errno: "EPERM".into(), happened: None });
            }
        };
        assert!(said(deny(), refuse(4)).contains("4 refused operations instead of 3 of 3"));
        assert!(said(deny(), |m| m.refused = None).contains("0 refused operations instead of 3"));
        assert!(said(ringbuf(Schedule::Paced), refuse(3)).contains("3 refused operations instead of 0"));
    }

    #[test]
    fn who_samples_may_miss_events_and_has_to_look() {
        let sample = || asked("mprotect-storm", "to=r", "sampling+timer-1khz", Schedule::Paced);
        let set = |seen, looks| {
            move |m: &mut Measured| {
                let events = m.events.as_mut().unwrap();
                (events.seen, events.looks) = (seen, looks);
            }
        };
        assert_eq!(said(sample(), set(0, Some(1))), "");
        assert!(said(sample(), set(0, Some(0))).contains("never looked"));
        assert!(said(sample(), set(10, None)).contains("nothing of how often"));
        assert!(said(sample(), set(11, Some(1))).contains("11 events seen"));
        assert!(said(ringbuf(Schedule::Paced), set(10, Some(1))).contains("now and then only"));
    }

    #[test]
    fn a_killing_says_of_each_event_whether_it_came_too_late() {
        let kill = || asked("mprotect-storm", "to=rw", "bpf-lsm+kill", Schedule::Paced);
        let late = |events, of| {
            move |m: &mut Measured| m.refused.as_mut().unwrap().happened = Some(Happened { events, of })
        };
        assert_eq!(said(kill(), late(0, 6)), "");
        assert!(said(kill(), late(7, 6)).contains("7 of 6 events"));
        assert!(said(kill(), late(3, 3)).contains("3 of 3 events"));
        assert!(said(kill(), |m| m.refused.as_mut().unwrap().happened = None).contains("nothing of whether"));
        let deny = || asked("mprotect-storm", "to=rw", "bpf-lsm+deny", Schedule::Paced);
        assert!(said(deny(), late(6, 6)).contains("6 of 6 events"));
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
            // By chance alone, nobody tells the truth.
            prop_assert!(check(&spec, probe(&spec), Target::Tcg, &measured).is_err());
        }
    }
}
