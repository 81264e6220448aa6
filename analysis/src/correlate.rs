//! A run on hardware beside one in TCG, cell by cell: what an instruction costs there,
//! and whether both put cells into the same order. How it is shown is elsewhere.
//!
//! Cells are paired where all but target and kernel is the same; kernels by their
//! name, by what the caller maps, or by their series where that is of one alone.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::Serialize;

use crate::Summary;
use crate::agreement::{kendall, spearman};
use crate::compare::by_name;
use hookbench_model::{Cell, Clock, KernelVersion, Measurement, Params, Target};
use hookbench_results::Run;

/// The version of the format that a correlation is serialised in.
pub const SCHEMA: u32 = 1;

/// What is true of the run on hardware, and of the one in TCG.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Both<T> {
    /// On hardware.
    pub hardware: T,
    /// In TCG.
    pub tcg: T,
}

/// Two runs beside each other.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Correlation {
    /// The version of this format.
    pub schema: u32,
    /// Where the run on hardware was made.
    pub target: Target,
    /// What its numbers count.
    pub clock: Clock,
    /// Which kernel was taken for which.
    pub kernels: Vec<Both<String>>,
    /// The median of all ratios, in the clock's unit per instruction; none without pairs.
    pub median_ratio: Option<f64>,
    /// How alike the order of all cells is.
    pub order: Order,
    /// How alike it is within each operation, whose cells differ by the monitor alone:
    /// in the order of the run in TCG.
    pub operations: Vec<Operation>,
    /// The pairs: those whose ratio is farthest from the median first.
    pub pairs: Vec<Pair>,
    /// Cells that are no pair, and why.
    pub left_out: Vec<LeftOut>,
}

/// Rank correlations, from −1 to 1; none of fewer than three cells, and where all on
/// one side are equal.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
pub struct Order {
    /// How many pairs there are.
    pub cells: usize,
    /// Spearman's.
    pub spearman: Option<f64>,
    /// Kendall's, of the kind τ-b.
    pub kendall: Option<f64>,
}

/// One operation: kernel, workload, parameters and schedule.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Operation {
    /// Its cell under `none` in TCG.
    #[serde(serialize_with = "by_name")]
    pub cell: Cell,
    /// How alike the order of its monitors is.
    #[serde(flatten)]
    pub order: Order,
}

/// A cell that was measured in both.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Pair {
    /// The cell, as it is called in TCG.
    #[serde(serialize_with = "by_name")]
    pub cell: Cell,
    /// The medians: in the clock's unit, and in instructions.
    pub p50: Both<u64>,
    /// The one over the other.
    pub ratio: f64,
    /// The ratio over the median of all ratios: 2 is a cell that is twice as dear on
    /// hardware as its instructions let expect.
    pub off: f64,
}

/// A cell that was not compared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LeftOut {
    /// The cell, as it is called in its run.
    #[serde(serialize_with = "by_name")]
    pub cell: Cell,
    /// Why.
    pub why: &'static str,
}

/// The runs are no such two.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum NotComparable {
    /// Both are of one kind.
    #[error(
        "one run has to be of the target tcg and the other of hardware (kvm or host); these are {0} and {1}"
    )]
    Targets(Target, Target),
    /// Several kernels are of one series.
    #[error("the kernel {kernel} may be any of {candidates}; say which with --map-kernel {kernel}=KERNEL")]
    Ambiguous {
        /// The kernel on hardware.
        kernel: String,
        /// Those in TCG.
        candidates: String,
    },
    /// What was mapped is not there.
    #[error("--map-kernel {0}: the runs have no such kernels; on hardware there are {1}, in TCG {2}")]
    NoKernel(String, String, String),
    /// Nothing is in both.
    #[error("no cell is in both runs with numbers; kernels on hardware: {0}; in TCG: {1} (see --map-kernel)")]
    Nothing(String, String),
}

impl Correlation {
    /// Sets `one` and `other`, of which one was made in TCG, beside each other.
    /// `mapped` says which kernels, on hardware and in TCG, are the same.
    ///
    /// # Errors
    /// When they are no such two, or no cell is in both.
    pub fn of(one: &Run, other: &Run, mapped: &[(String, String)]) -> Result<Correlation, NotComparable> {
        let runs = sides(one, other)?;
        let kernels = kernels(&runs, mapped)?;
        let mut left_out = Vec::new();
        let mut on_hardware: HashMap<Cell, &Measurement> = HashMap::new();
        for measurement in &runs.hardware.measurements {
            let cell = &measurement.cell;
            match kernels.get(&cell.kernel) {
                Some(kernel) => {
                    let as_tcg = Cell { kernel: kernel.clone(), target: Target::Tcg, ..cell.clone() };
                    on_hardware.insert(as_tcg, measurement);
                }
                None => left_out.push(LeftOut { cell: cell.clone(), why: "no kernel in TCG is its kernel" }),
            }
        }
        let mut pairs = Vec::new();
        for measurement in &runs.tcg.measurements {
            let cell = &measurement.cell;
            let lone = |why| LeftOut { cell: cell.clone(), why };
            match on_hardware.remove(cell).map(|hardware| pair(hardware, measurement)) {
                Some(Ok(pair)) => pairs.push(pair),
                Some(Err(why)) => left_out.push(lone(why)),
                None => left_out.push(lone("not measured on hardware")),
            }
        }
        let lone = on_hardware.into_values().map(|measurement| measurement.cell.clone());
        left_out.extend(lone.map(|cell| LeftOut { cell, why: "not measured in TCG" }));
        left_out.sort_by_cached_key(|lone| lone.cell.to_string());
        if pairs.is_empty() {
            let names = Both { hardware: names(runs.hardware), tcg: names(runs.tcg) };
            return Err(NotComparable::Nothing(listed(&names.hardware), listed(&names.tcg)));
        }
        let kernels = kernels.into_iter().map(|(hardware, tcg)| Both { hardware, tcg }).collect();
        Ok(Correlation::made(&runs, kernels, pairs, left_out))
    }

    fn made(
        runs: &Both<&Run>,
        kernels: Vec<Both<String>>,
        mut pairs: Vec<Pair>,
        left_out: Vec<LeftOut>,
    ) -> Self {
        let operations = operations(&pairs);
        let median_ratio = middle(pairs.iter().map(|pair| pair.ratio).collect());
        for pair in &mut pairs {
            pair.off = pair.ratio / median_ratio.unwrap_or(pair.ratio);
        }
        let order = Order::of(&pairs.iter().collect::<Vec<_>>());
        pairs.sort_by_cached_key(|pair| {
            // The bits of numbers that are not negative are ordered as they are.
            (std::cmp::Reverse(pair.off.ln().abs().to_bits()), pair.cell.to_string())
        });
        let Run { environment, .. } = runs.hardware;
        let (target, clock) = (environment.target, environment.clock);
        Correlation {
            schema: SCHEMA,
            target,
            clock,
            kernels,
            median_ratio,
            order,
            operations,
            pairs,
            left_out,
        }
    }
}

impl Order {
    fn of(pairs: &[&Pair]) -> Order {
        let hardware: Vec<u64> = pairs.iter().map(|pair| pair.p50.hardware).collect();
        let tcg: Vec<u64> = pairs.iter().map(|pair| pair.p50.tcg).collect();
        let enough = pairs.len() > 2;
        let spearman = enough.then(|| spearman(&hardware, &tcg)).flatten();
        let kendall = enough.then(|| kendall(&hardware, &tcg)).flatten();
        Order { cells: pairs.len(), spearman, kendall }
    }
}

fn sides<'a>(one: &'a Run, other: &'a Run) -> Result<Both<&'a Run>, NotComparable> {
    let (first, second) = (one.environment.target, other.environment.target);
    match (first, second) {
        (Target::Tcg, Target::Kvm | Target::Host) => Ok(Both { hardware: other, tcg: one }),
        (Target::Kvm | Target::Host, Target::Tcg) => Ok(Both { hardware: one, tcg: other }),
        _ => Err(NotComparable::Targets(first, second)),
    }
}

/// For each kernel on hardware that has one, that in TCG.
fn kernels(
    runs: &Both<&Run>,
    mapped: &[(String, String)],
) -> Result<BTreeMap<String, String>, NotComparable> {
    let (hardware, tcg) = (names(runs.hardware), names(runs.tcg));
    if let Some((from, to)) = mapped.iter().find(|(from, to)| !hardware.contains(from) || !tcg.contains(to)) {
        return Err(NotComparable::NoKernel(format!("{from}={to}"), listed(&hardware), listed(&tcg)));
    }
    let mut found = BTreeMap::new();
    for kernel in hardware {
        let said = mapped.iter().find(|(from, _)| *from == kernel).map(|(_, to)| to);
        if let Some(same) = said.or_else(|| tcg.get(&kernel)) {
            found.insert(kernel, same.clone());
            continue;
        }
        let series = series(runs.hardware, &kernel);
        let alike: BTreeSet<String> = tcg
            .iter()
            .filter(|name| series.is_some() && self::series(runs.tcg, name) == series)
            .cloned()
            .collect();
        if alike.len() > 1 {
            return Err(NotComparable::Ambiguous { kernel, candidates: listed(&alike) });
        }
        found.extend(alike.into_iter().next().map(|same| (kernel, same)));
    }
    Ok(found)
}

fn names(run: &Run) -> BTreeSet<String> {
    run.measurements.iter().map(|measurement| measurement.cell.kernel.clone()).collect()
}

fn listed(names: &BTreeSet<String>) -> String {
    let shown: Vec<String> = names.iter().map(|name| name.chars().take(80).collect()).collect();
    if shown.is_empty() { "none".into() } else { shown.join(", ") }
}

/// The kernel's major and minor version: as its record says, or its name.
fn series(run: &Run, kernel: &str) -> Option<KernelVersion> {
    let record = run.environment.kernels.iter().find(|record| record.name == kernel);
    let recorded = record.and_then(|record| record.version.parse().ok());
    // On hardware the version's text is `uname -v`, which begins with `#1 SMP`.
    recorded.or_else(|| kernel.parse().ok())
}

fn pair(hardware: &Measurement, tcg: &Measurement) -> Result<Pair, &'static str> {
    let (Some(one), Some(two)) = (hardware.measured(), tcg.measured()) else {
        return Err("without a number in one of the runs");
    };
    let stops =
        |measured: &hookbench_model::Measured| measured.refused.as_ref().map(|refused| refused.errno.clone());
    if stops(one) != stops(two) {
        return Err("stopped in one of the runs, and not, or otherwise, in the other");
    }
    let (Some(one), Some(two)) = (Summary::of(&one.samples), Summary::of(&two.samples)) else {
        return Err("without a number in one of the runs");
    };
    if one.p50 == 0 || two.p50 == 0 {
        return Err("a median of 0, which has no ratio");
    }
    let ratio = one.p50 as f64 / two.p50 as f64;
    Ok(Pair { cell: tcg.cell.clone(), p50: Both { hardware: one.p50, tcg: two.p50 }, ratio, off: 1.0 })
}

fn operations(pairs: &[Pair]) -> Vec<Operation> {
    let mut groups: Vec<(Cell, Vec<&Pair>)> = Vec::new();
    for pair in pairs {
        let cell = Cell { tuning: Params::default(), ..pair.cell.baseline() };
        match groups.iter_mut().find(|(known, _)| *known == cell) {
            Some((_, members)) => members.push(pair),
            None => groups.push((cell, vec![pair])),
        }
    }
    groups.into_iter().map(|(cell, members)| Operation { cell, order: Order::of(&members) }).collect()
}

/// The median, of an even number the geometric mean of the two in the middle: what is
/// twice and what is half of it are equally far.
fn middle(mut ratios: Vec<f64>) -> Option<f64> {
    ratios.sort_by(f64::total_cmp);
    let upper = *ratios.get(ratios.len() / 2)?;
    let lower = ratios[(ratios.len() - 1) / 2];
    Some((lower * upper).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::tests::{failed, measured, run, with};
    use hookbench_model::Outcome;

    fn hardware(measurements: Vec<Measurement>, kernel: &str) -> Run {
        let of = |mut measurement: Measurement| {
            measurement.clock = Clock::Tsc;
            (measurement.cell.target, measurement.cell.kernel) = (Target::Host, kernel.into());
            measurement
        };
        let mut run = run(measurements.into_iter().map(of).collect());
        (run.environment.target, run.environment.clock) = (Target::Host, Clock::Tsc);
        run
    }

    fn both() -> (Run, Run) {
        let tcg = [("none", 1000), ("a+x", 1100), ("b+x", 1200), ("c+x", 4000), ("d+x", 5000)];
        let host = [("none", 500), ("a+x", 560), ("b+x", 590), ("c+x", 8000), ("e+x", 1)];
        let of = |cells: &[(&str, u64)]| cells.iter().map(|(name, p50)| measured(name, &[*p50])).collect();
        (hardware(of(&host), "6.1.0-56-cloud-amd64"), run(of(&tcg)))
    }

    #[test]
    fn cells_are_paired_and_those_that_disagree_most_are_first() {
        let (host, tcg) = both();
        let found = Correlation::of(&host, &tcg, &[]).unwrap();
        assert_eq!(found, Correlation::of(&tcg, &host, &[]).unwrap());
        assert_eq!(found.kernels, [Both { hardware: "6.1.0-56-cloud-amd64".into(), tcg: "6.1".into() }]);
        assert_eq!(found.pairs.len(), 4);
        assert_eq!(found.pairs[0].cell.monitor.to_string(), "c+x");
        assert_eq!(found.pairs[0].ratio, 2.0);
        let median = found.median_ratio.unwrap();
        assert!((median - (0.5f64 * 560.0 / 1100.0).sqrt()).abs() < 1e-12, "{median}");
        assert!((found.pairs[0].off - 2.0 / median).abs() < 1e-12);
        assert_eq!((found.order.spearman, found.order.kendall), (Some(1.0), Some(1.0)));
        assert_eq!(found.operations.len(), 1);
        let left: Vec<_> =
            found.left_out.iter().map(|lone| (lone.cell.monitor.to_string(), lone.why)).collect();
        let expected = [("e+x", "not measured in TCG"), ("d+x", "not measured on hardware")];
        assert_eq!(left.len(), 2);
        assert!(expected.iter().all(|(name, why)| left.contains(&((*name).to_string(), *why))), "{left:?}");
    }

    #[test]
    fn a_turned_order_is_negative_and_two_cells_have_none() {
        let tcg = run(vec![measured("a+x", &[1]), measured("b+x", &[2]), measured("c+x", &[3])]);
        let host = hardware(vec![measured("a+x", &[9]), measured("b+x", &[8]), measured("c+x", &[7])], "6.1");
        let order = Correlation::of(&host, &tcg, &[]).unwrap().order;
        assert_eq!((order.cells, order.spearman, order.kendall), (3, Some(-1.0), Some(-1.0)));
        let (mut host, tcg) = both();
        host.measurements.truncate(2);
        assert_eq!(
            Correlation::of(&host, &tcg, &[]).unwrap().order,
            Order { cells: 2, spearman: None, kendall: None }
        );
    }

    #[test]
    fn kernels_of_one_series_have_to_be_told_apart() {
        let (host, mut tcg) = both();
        tcg.measurements.extend(tcg.measurements.clone().into_iter().map(|mut measurement| {
            measurement.cell.kernel = "/k/6.1".into();
            measurement
        }));
        tcg.environment.kernels.push(hookbench_results::environment::KernelRecord {
            name: "/k/6.1".into(),
            version: "6.1.7".into(),
            ..Default::default()
        });
        let error = Correlation::of(&host, &tcg, &[]).unwrap_err().to_string();
        assert!(error.contains("/k/6.1, 6.1") && error.contains("--map-kernel"), "{error}");
        let mapped = |to: &str| [("6.1.0-56-cloud-amd64".to_string(), to.to_string())];
        let found = Correlation::of(&host, &tcg, &mapped("/k/6.1")).unwrap();
        assert!(found.pairs.iter().all(|pair| pair.cell.kernel == "/k/6.1"));
        assert!(matches!(Correlation::of(&host, &tcg, &mapped("6.2")), Err(NotComparable::NoKernel(..))));
    }

    #[test]
    fn what_cannot_be_compared_is_said() {
        let (host, tcg) = both();
        assert_eq!(Correlation::of(&tcg, &tcg, &[]), Err(NotComparable::Targets(Target::Tcg, Target::Tcg)));
        let other = hardware(vec![measured("none", &[1])], "5.10");
        assert!(matches!(Correlation::of(&other, &tcg, &[]), Err(NotComparable::Nothing(..))));
        let mut ended = host.clone();
        ended.measurements[1].outcome = failed();
        ended.measurements[2] = Measurement {
            outcome: Outcome::Measured(hookbench_model::Measured {
                samples: vec![3],
                refused: Some(hookbench_model::measurement::Refused {
                    operations: 1,
                    errno: "EPERM".into(),
                    happened: None,
                }),
                ..Default::default()
            }),
            ..ended.measurements[2].clone()
        };
        let found = Correlation::of(&ended, &tcg, &[]).unwrap();
        assert_eq!((found.pairs.len(), found.left_out.len()), (2, 4));
        assert!(with("a+x", failed()).measured().is_none());
    }
}
