//! A cell that has numbers in both runs: by how much they moved, and what moved
//! beside them.

use std::cmp::Reverse;
use std::collections::HashMap;

use serde::Serialize;

use super::{Sides, by_name, values};
use crate::Summary;
use crate::baseline::Added;
use crate::noisy::{self, Rule, in_rounds};
use hookbench_model::measurement::Refused;
use hookbench_model::{Cell, Clock, Loading, Measured, Measurement};
use hookbench_results::Run;

/// The numbers of one cell in two runs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Change {
    /// The cell.
    #[serde(serialize_with = "by_name")]
    pub cell: Cell,
    /// What the numbers count.
    pub clock: Clock,
    /// `p50(new) − p50(base)`, in the clock's unit.
    pub difference: i64,
    /// The same in percent of the base's; none where that is 0 and it grew.
    pub percent: Option<f64>,
    /// The statistics, in the clock's unit.
    pub summary: Sides<Summary>,
    /// Whether the samples are the same.
    pub samples: Samples,
    /// How sure that is, by a clock with noise; none by an exact one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub noise: Option<Noise>,
    /// What the monitor adds to `none` in each run, in the clock's unit; none under
    /// `none` itself, and where `none` has no numbers.
    pub added: Sides<Option<i64>>,
    /// What the monitor stopped, where that is not the same.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub refused: Option<Sides<Option<Refused>>>,
    /// What else is not the same.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub others: Vec<Other>,
}

/// What the noise of a clock leaves of a change.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Noise {
    /// How many rounds there were.
    pub rounds: Sides<usize>,
    /// The difference of the means of their medians, with its interval; none of fewer
    /// than two rounds on a side, for then nothing is known of how they differ.
    pub difference: Option<noisy::Difference>,
}

impl Noise {
    /// By [`Rule::default`]. Rounds of two runs have nothing in common.
    fn between(base: &Measured, new: &Measured) -> Noise {
        let rounds = |measured: &Measured| in_rounds(&measured.samples, &measured.rounds);
        let (base, new) = (rounds(base), rounds(new));
        Noise {
            rounds: Sides { base: base.len(), new: new.len() },
            difference: noisy::difference(&base, &new, &Rule::default()),
        }
    }

    /// What follows where a change of less than `least`, as a part of the base, does not matter.
    pub fn judged(&self, least: f64) -> noisy::Verdict {
        self.difference.map_or(noisy::Verdict::Inconclusive, |difference| difference.judged(least))
    }
}

/// How the samples of a cell are to those of the base.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Samples {
    /// One for one the same.
    Same,
    /// The same values in another order.
    Reordered,
    /// Other values.
    Differ,
}

/// A number beside the samples that is not the same.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Other {
    /// Which.
    pub what: What,
    /// What it is in each; nothing where there is none.
    #[serde(flatten)]
    pub values: Sides<Option<i128>>,
}

/// What a measurement has beside its samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum What {
    /// Events that the workload made.
    Expected,
    /// Events that the monitor saw.
    Seen,
    /// Events that it lost.
    Lost,
    /// How often it looked.
    Looks,
    /// What attaching it cost, in the clock's unit.
    AttachCost,
    /// What of it reading the object file of BPF programs cost.
    LoadingOpen,
    /// What of it making their maps and relocating them cost.
    LoadingLoad,
    /// What of it verifying them cost.
    LoadingVerify,
    /// What of it attaching them cost, once loaded.
    LoadingAttach,
    /// By how many bytes the agent itself grew meanwhile.
    AgentMemory,
    /// By how many bytes attaching lowered the guest's free memory.
    Memory,
    /// What an empty timed section costs, in the clock's unit.
    Calibration,
}

impl What {
    /// The name used everywhere.
    pub const fn name(self) -> &'static str {
        match self {
            What::Expected => "events expected",
            What::Seen => "events seen",
            What::Lost => "events lost",
            What::Looks => "looks",
            What::AttachCost => "attaching",
            What::LoadingOpen => "attaching: opening the object",
            What::LoadingLoad => "attaching: loading the object",
            What::LoadingVerify => "attaching: verifying its programs",
            What::LoadingAttach => "attaching: attaching its programs",
            What::AgentMemory => "the agent's memory",
            What::Memory => "memory",
            What::Calibration => "calibration",
        }
    }

    /// What it is counted in; empty for what is only a number.
    pub const fn unit(self, clock: Clock) -> &'static str {
        match self {
            What::AttachCost | What::Calibration => clock.unit(),
            What::LoadingOpen | What::LoadingLoad | What::LoadingVerify | What::LoadingAttach => clock.unit(),
            What::Memory | What::AgentMemory => "bytes",
            What::Expected | What::Seen | What::Lost | What::Looks => "",
        }
    }
}

/// The medians of a run's cells under `none`.
pub(super) type Baselines = HashMap<(Cell, Clock), u64>;

/// The medians under `none` of `run`.
pub(super) fn baselines(run: &Run) -> Baselines {
    let under_none = run.measurements.iter().filter(|measurement| measurement.cell.monitor.is_none());
    let with_numbers = under_none.filter_map(|measurement| {
        let summary = Summary::of(&measurement.measured()?.samples)?;
        Some(((measurement.cell.baseline(), measurement.clock), summary.p50))
    });
    with_numbers.collect()
}

impl Change {
    /// What changed of the cell of `measurement`, which is the new one; none where
    /// there are no samples.
    pub(super) fn between(
        measurement: &Measurement,
        numbers: Sides<&Measured>,
        medians: &Sides<Baselines>,
    ) -> Option<Change> {
        let Sides { base, new } = numbers;
        let summary = Sides { base: Summary::of(&base.samples)?, new: Summary::of(&new.samples)? };
        let (before, after) = (summary.base.p50, summary.new.p50);
        let percent = if before == after {
            Some(0.0)
        } else {
            (before > 0).then(|| (after as f64 - before as f64) / before as f64 * 100.0)
        };
        let key = (measurement.cell.baseline(), measurement.clock);
        let added = |medians: &Baselines, p50| {
            let none = medians.get(&key).filter(|_| !measurement.cell.monitor.is_none());
            none.map(|none| Added::between(p50, *none).p50)
        };
        let refused = Sides { base: base.refused.clone(), new: new.refused.clone() };
        Some(Change {
            cell: measurement.cell.clone(),
            clock: measurement.clock,
            difference: Added::between(after, before).p50,
            percent,
            summary,
            samples: samples(&base.samples, &new.samples),
            noise: (!measurement.clock.is_exact()).then(|| Noise::between(base, new)),
            added: Sides { base: added(&medians.base, before), new: added(&medians.new, after) },
            refused: (!refused.is_same()).then_some(refused),
            others: others(base, new),
        })
    }

    /// Whether nothing at all changed.
    pub fn is_nothing(&self) -> bool {
        self.samples == Samples::Same && self.refused.is_none() && self.others.is_empty()
    }

    /// By how much one of the numbers beside the samples grew; nothing where it did
    /// not, or there is no such number.
    pub fn growth(&self, what: What) -> Option<i128> {
        let other = self.others.iter().find(|other| other.what == what)?;
        let growth = other.values.new? - other.values.base.unwrap_or(0);
        (growth > 0).then_some(growth)
    }

    /// The largest change first; where the median did not move, other samples before
    /// other things; then by name.
    pub(super) fn rank(&self) -> (Reverse<u64>, Reverse<u64>, u8, String) {
        let percent = self.percent.map_or(f64::INFINITY, f64::abs);
        let beside = match self.samples {
            Samples::Differ => 0,
            Samples::Reordered => 1,
            Samples::Same if !self.is_nothing() => 2,
            Samples::Same => 3,
        };
        // The bits of numbers that are not negative are ordered as they are.
        (Reverse(percent.to_bits()), Reverse(self.difference.unsigned_abs()), beside, self.cell.to_string())
    }
}

fn samples(base: &[u64], new: &[u64]) -> Samples {
    match base == new {
        true => Samples::Same,
        false if values(base) == values(new) => Samples::Reordered,
        false => Samples::Differ,
    }
}

fn others(base: &Measured, new: &Measured) -> Vec<Other> {
    let pairs = numbers(base).into_iter().zip(numbers(new));
    let all = pairs.map(|((what, base), (_, new))| Other { what, values: Sides { base, new } });
    all.filter(|other| !other.values.is_same()).collect()
}

fn numbers(measured: &Measured) -> [(What, Option<i128>); 12] {
    let (events, loading) = (measured.events.as_ref(), measured.loading.as_ref());
    let step = |pick: fn(&Loading) -> u64| loading.map(pick).map(Into::into);
    [
        (What::Expected, events.map(|events| events.expected.into())),
        (What::Seen, events.map(|events| events.seen.into())),
        (What::Lost, events.map(|events| events.lost.into())),
        (What::Looks, events.and_then(|events| events.looks).map(Into::into)),
        (What::AttachCost, measured.attach_cost.map(Into::into)),
        (What::LoadingOpen, step(|loading| loading.open)),
        (What::LoadingLoad, step(|loading| loading.load)),
        (What::LoadingVerify, step(|loading| loading.verify)),
        (What::LoadingAttach, step(|loading| loading.attach)),
        (What::AgentMemory, loading.map(|loading| loading.agent_bytes.into())),
        (What::Memory, measured.memory_bytes.map(Into::into)),
        (What::Calibration, Some(measured.calibration.into())),
    ]
}
